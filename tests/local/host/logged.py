"""Print how many log records each of a few calls makes in the library that the real worker runs, as JSON by logger.

A process of its own: one indexes one app. The root logger takes INFO, as the worker sets it.
"""

import asyncio
import json
import logging
import os
import sys
import threading
from collections import Counter
from collections.abc import Awaitable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx

import wiring
from local.host import runtime as library
from local.host.http import application
from local.host.messages import binary, json_text
from local.issuer import open_issuer
from local.provision import provision
from stores.shipped import FOLDER, read_yaml

ROOT = Path(__file__).parents[3]
SERVICE = "disaster-certificate"
ROLES = ["Team.certificates"]
TIMER = json.dumps({"ScheduleStatus": {}, "IsPastDue": False})


class Records(logging.Handler):
    """Count the records that reach the root logger."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        self.counts[record.name] += 1

    async def of(self, call: Awaitable[Any]) -> dict[str, int]:
        """Return how many records a call made, by logger."""
        self.counts.clear()
        await call
        return dict(self.counts)


def serve_keys(keys: dict[str, Any]) -> str:
    """Serve the keys of an issuer and return their address."""

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(keys).encode())

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/"


async def main() -> dict[str, dict[str, int]]:
    """Submit, dispatch, claim and sweep, each once before it is counted: the first call opens clients."""
    issuer = open_issuer(Path(sys.argv[1]), os.environ["TOKEN_ISSUER"], os.environ["TOKEN_AUDIENCE"])
    os.environ["TOKEN_JWKS_URI"] = serve_keys(issuer.key_set())
    token = {"Authorization": f"Bearer {issuer.token('hanako', ROLES, datetime.now(UTC))}"}
    records = Records()
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger().addHandler(records)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # of this script alone
    runtime = await library.start(ROOT)
    functions = {function.name: function for function in runtime.functions}
    await provision(wiring.app())
    definition = read_yaml(FOLDER / f"{SERVICE}.yaml")
    await wiring.app().catalog.publish(definition)
    body = {"service": SERVICE, "answers": definition["form"]["examples"][0], "contact": {"phone": "090-0000-0000"}}
    counts: dict[str, dict[str, int]] = {}
    transport = httpx.ASGITransport(application(runtime, ""))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:

        async def posted(path: str, body: dict[str, Any], headers: dict[str, str]) -> Any:
            answer = await client.post(path, json=body, headers=headers)
            assert answer.status_code < 300, answer.text
            answers.append(answer.json())

        for number in range(2):
            answers: list[Any] = []
            submit = posted("/api/requests", body, {"Idempotency-Key": f"key-of-the-household-{number}"})
            counts["submit"] = await records.of(submit)
            message = json.dumps({"reference": answers[0]["reference"]}).encode()
            counts["advance"] = await records.of(
                runtime.invoke(functions["advance_request"], {"message": binary(message)})
            )
            claim = {"claimId": f"claim-000{number}", "max": 1, "leaseSeconds": 900}
            counts["claim"] = await records.of(posted("/api/staff/teams/certificates/claims", claim, token))
            assert answers[1]["tasks"]
            counts["sweep"] = await records.of(runtime.invoke(functions["sweep"], {"timer": json_text(TIMER)}))
    await wiring.app().close()
    return counts


if __name__ == "__main__":
    json.dump(asyncio.run(main()), sys.stdout)
