"""The command line of operators and editors: `python -m madoguchi publish catalog/services/*.yaml`."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from services.errors import DefinitionRefused
from settings import Settings
from stores.shipped import read_yaml
from wiring import App, build


async def publish(app: App, paths: list[Path]) -> bool:
    """Publish definitions and say what became of each; return whether all stood their test."""
    all_published = True
    for path in paths:
        try:
            current, is_new = await app.catalog.publish(read_yaml(path))
        except DefinitionRefused as refusal:
            print(f"{path}: refused", *(f"  - {reason}" for reason in refusal.reasons), sep="\n", file=sys.stderr)
            all_published = False
        else:
            print(f"{current.service} version {current.edition.version}{'' if is_new else ' (unchanged)'}")
    return all_published


async def _main(arguments: argparse.Namespace) -> int:
    app = build(Settings.from_env(os.environ))
    try:
        return 0 if await publish(app, arguments.files) else 1
    finally:
        await app.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m madoguchi", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    publishing = commands.add_parser("publish", help="publish service definitions (YAML)")
    publishing.add_argument("files", nargs="+", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(_arguments())))
