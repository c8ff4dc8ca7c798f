"""Run the whole counter on a desk: `python -m local --port 7071`. Ctrl-C stops it; its data stays."""

import argparse
import asyncio
import shutil
import signal
import socket
import sys

from local import supervisor
from local.desk import Desk, choose_ports


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("--port", type=int, default=7071, help="where the counter listens (7071)")
    parser.add_argument("--cosmos-port", type=int, help="where the Cosmos DB emulator listens (a free port)")
    parser.add_argument("--blob-port", type=int, help="where Azurite serves blobs (a free port)")
    parser.add_argument("--queue-port", type=int, help="where Azurite serves queues (a free port)")
    parser.add_argument("--reset", action="store_true", help="forget the data of this port and end")
    return parser.parse_args()


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def _run(desk: Desk) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_, stop.set)
    return await supervisor.run(desk, stop)


def main() -> int:
    """Start the desk, or forget its data."""
    arguments = _arguments()
    ports = choose_ports(
        arguments.port, cosmos=arguments.cosmos_port, blob=arguments.blob_port, queue=arguments.queue_port
    )
    desk = Desk(ports)
    if _is_taken(arguments.port):
        print(f"Port {arguments.port} is in use. Stop what runs there, or type: make run PORT={arguments.port + 10}")
        return 1
    if arguments.reset:
        shutil.rmtree(desk.folder, ignore_errors=True)
        print(f"The data of port {arguments.port} is gone.")
        return 0
    return asyncio.run(_run(desk))


if __name__ == "__main__":
    sys.exit(main())
