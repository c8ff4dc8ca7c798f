"""The app on emulators of its own, with the shipped services published."""

import subprocess
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from subprocess import DEVNULL, PIPE
from typing import Any

from local.desk import ROOT
from local.processes import (
    azurite_command,
    cosmos_command,
    cosmos_connection,
    free_port,
    storage_connection,
    wait_for_port,
)
from local.provision import provision
from services.case.request import Contact, Submission
from services.case.task import Staff
from settings import Connection, Settings
from stores.shipped import read_yaml
from wiring import build
from wiring.app import App

TEAM = "supplies"
CERTIFICATES = "certificates"
STAFF = Staff("u-bench", "計測", frozenset({f"Team.{TEAM}", f"Team.{CERTIFICATES}"}))
RELIEF: dict[str, Any] = read_yaml(ROOT / "catalog" / "services" / "relief-supplies.yaml")
CERTIFICATE: dict[str, Any] = read_yaml(ROOT / "catalog" / "services" / "disaster-certificate.yaml")


def submission(definition: dict[str, Any] = RELIEF, team: str = TEAM) -> Submission:
    """Return answers to a service that lead to one task of one team."""
    return Submission(
        service=definition["id"],
        answers=_answers_with_one_task(definition, team),
        contact=Contact(phone="090-0000-0000", name="見本 花子"),
    )


def new_key() -> str:
    """Return a fresh Idempotency-Key."""
    return uuid.uuid4().hex


@asynccontextmanager
async def emulated_app() -> AsyncIterator[App]:
    """Start both emulators in memory and yield an app on them with the shipped services published."""
    cosmos, blob, queue, table = (free_port() for _ in range(4))
    commands = (cosmos_command(cosmos), azurite_command(blob, queue, table))
    processes = [subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=DEVNULL) for command in commands]
    try:
        for port in (cosmos, blob, queue):
            await wait_for_port(port, within=30)
        app = build(_settings(cosmos_connection(cosmos), storage_connection(blob=blob, queue=queue)))
        await provision(app)
        for definition in (RELIEF, CERTIFICATE):
            await app.catalog.publish(definition)
        yield app
        await app.close()
    finally:
        for process in processes:
            process.communicate(timeout=10)


def _answers_with_one_task(definition: dict[str, Any], team: str) -> dict[str, Any]:
    wanted = (case for case in definition["cases"] if _teams(case) == [team])
    answers: dict[str, Any] = next(wanted)["answers"]
    return answers


def _teams(case: dict[str, Any]) -> list[str]:
    return [task["team"] for task in case["expect"].get("tasks", ())]


def _settings(cosmos: str, storage: str) -> Settings:
    return Settings(
        cosmos=Connection(connection_string=cosmos),
        cosmos_database="bench",
        storage=Connection(connection_string=storage),
        reference_secret=b"bench",
        access_secrets={1: b"bench"},
        token_issuer="https://issuer.example",
        token_audience="api://madoguchi",
        token_jwks_uri="http://127.0.0.1:1/",
        municipality="みどり市（見本）",
        municipality_phone="0000-00-0000",
        address_header="x-forwarded-for",
        calls_per_minute=1200,
    )
