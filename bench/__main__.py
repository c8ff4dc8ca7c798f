"""Measure cost and latency: `make bench`. Machines are noisy, so read the ratios: both sides come from one run."""

import asyncio
import logging
import sys

from bench import imports, latency, operations, processor, reservations
from bench.desk import emulated_app


async def _on_emulators() -> None:
    async with emulated_app() as app:
        await operations.report(app)
        await processor.report(app)
        await reservations.report(app)


def main() -> None:
    """Run every measurement and print it."""
    logging.basicConfig(level=logging.ERROR)
    print(f"Python {sys.version.split()[0]}\n")
    imports.report()
    asyncio.run(_on_emulators())
    latency.report()


if __name__ == "__main__":
    main()
