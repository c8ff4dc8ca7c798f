"""Serve a function app on the loopback interface: `python -m local.host --port 7071 [--app DIR] [--settings FILE]`."""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any, Protocol

import uvicorn
from starlette.routing import BaseRoute

from local.host import runtime as library
from local.host.configuration import ConfigurationError, HostOptions, load_settings, read_host_json
from local.host.http import application
from local.host.queues import Services, pollers
from local.host.timers import Statuses, timers

GRACE_SECONDS = 5
logger = logging.getLogger(__name__)


class Trigger(Protocol):
    """What invokes functions until it is told to stop."""

    async def run(self, stop: asyncio.Event) -> None:
        """Invoke functions until stopped."""


def main() -> int:
    """Run the host and return its exit code: 0 when told to end, 1 when the app cannot be served."""
    arguments = _arguments()
    _log_to_stderr()
    directory = arguments.app.resolve()
    if arguments.exit_with_parent:
        threading.Thread(target=_end_when_input_closes, daemon=True).start()
    try:
        options = read_host_json(directory / "host.json")
        load_settings((arguments.settings or directory / "local.settings.json").resolve(), bool(arguments.settings))
        local_routes = _desk_routes(arguments.data)
        statuses = Statuses(arguments.data.resolve() / "timers" if arguments.data else None)
        listener = listen(arguments.port)
        os.chdir(directory)
        with listener:
            asyncio.run(_serve(directory, options, local_routes, listener, statuses))
    except (ConfigurationError, library.IndexingError, OSError) as error:
        print(f"the function app cannot be served:\n{error}", file=sys.stderr)
        return 1
    return 0


def listen(port: int) -> socket.socket:
    """Open the listener of the host; an answer on a kept connection leaves at once (TCP_NODELAY, which is inherited).

    asyncio sets the option only on sockets that were made with the protocol TCP; these are made with none. Without it
    an answer in two parts waits for the client's acknowledgement of the first, which a client delays by 40 ms.
    """
    listener = socket.create_server(("127.0.0.1", port), backlog=2048)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.host", description=__doc__)
    parser.add_argument("--port", type=int, default=7071, help="0 takes a free one")
    parser.add_argument("--app", type=Path, default=Path(), help="folder with function_app.py and host.json")
    parser.add_argument("--settings", type=Path, help="default: local.settings.json in the app's folder")
    parser.add_argument("--data", type=Path, help="folder for what a desk keeps: its issuer's key, when timers ran")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input closes")
    return parser.parse_args()


def _end_when_input_closes() -> None:
    """End this process as SIGTERM does, once whoever started it is gone."""
    while os.read(sys.stdin.fileno(), 1024):
        continue
    os.kill(os.getpid(), signal.SIGTERM)


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def _desk_routes(data: Path | None) -> list[BaseRoute]:
    """Return what a desk serves beside the app; only a desk pays for importing it."""
    if data is None:
        return []
    from local import issuer, sign_in, telemetry

    missing = [name for name in ("TOKEN_ISSUER", "TOKEN_AUDIENCE") if not os.environ.get(name)]
    if missing:
        raise ConfigurationError(f"the token issuer (--data) needs the settings {', '.join(missing)}")
    desk = issuer.open_issuer(data, os.environ["TOKEN_ISSUER"], os.environ["TOKEN_AUDIENCE"])
    return [*issuer.routes(desk), *sign_in.routes(desk), *telemetry.routes(telemetry.Telemetry())]


async def _serve(
    directory: Path,
    options: HostOptions,
    local_routes: list[BaseRoute],
    listener: socket.socket,
    statuses: Statuses,
) -> None:
    runtime = await library.start(directory, options.function_timeout, _shut_down)
    app = application(runtime, options.route_prefix, local_routes)
    services = Services()
    try:
        triggers: list[Trigger] = [*pollers(runtime, services, options.queues, _shut_down), *timers(runtime, statuses)]
        stop = _stop_on_signals()
        port = listener.getsockname()[1]
        print(f"host ready on http://127.0.0.1:{port} ({len(runtime.functions)} functions)", flush=True)
        await asyncio.gather(_serve_http(app, listener, stop), _run(triggers, stop))
    finally:
        await services.close()


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()

    def told() -> None:
        if not stop.is_set():
            _end_whatever_happens()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told)
    return stop


def _shut_down(reason: str) -> None:
    """End the process as the real host does where it cannot go on, with all that it was doing."""
    logger.critical("Host is shutting down: %s", reason)
    sys.stderr.flush()
    os._exit(1)


def _end_whatever_happens() -> None:
    """Let no function keep the process alive: one that ignores cancellation, or a thread that never returns."""
    last_resort = threading.Timer(GRACE_SECONDS + 2, os._exit, (0,))
    last_resort.daemon = True
    last_resort.start()


async def _serve_http(app: Any, listener: socket.socket, stop: asyncio.Event) -> None:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await asyncio.wait({serving, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stop.set()
    await serving


async def _run(triggers: list[Trigger], stop: asyncio.Event) -> None:
    """Run the triggers; after the stop, give what they are processing a short grace."""
    running = [asyncio.create_task(_run_one(trigger, stop)) for trigger in triggers]
    await stop.wait()
    if running:
        _, pending = await asyncio.wait(running, timeout=GRACE_SECONDS)
        for task in pending:
            task.cancel()


async def _run_one(trigger: Trigger, stop: asyncio.Event) -> None:
    try:
        await trigger.run(stop)
    except Exception:
        logger.exception("a trigger ended; its function is invoked no more")


if __name__ == "__main__":
    sys.exit(main())
