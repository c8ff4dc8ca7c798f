"""A capability is one folder in each layer: umbrellas, which only these tests know, are plugged in and work.

`docs/adding-a-capability.md` walks through the files in `umbrellas/`.
"""

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.counter import DEFINITION
from tests.end_to_end.conftest import ROOT, RunningDesk, running_desk
from tests.end_to_end.over_http import eventually

UMBRELLAS = Path(__file__).parent / "umbrellas"
HOUSE = ("catalog", "functions", "local", "services", "stores", "web", "wiring")
EDITS = {
    "wiring/__init__.py": {
        "from wiring import pickup\n": "from wiring import pickup, umbrellas\n",
        "(pickup.CAPABILITY,)": "(pickup.CAPABILITY, umbrellas.CAPABILITY)",
    },
    "function_app.py": {
        "operations, pickup, tasks\n": "operations, pickup, tasks, umbrellas\n",
        "join(pickup.SHOWN)": "join(pickup.SHOWN, umbrellas.SHOWN)",
        "*pickup.BPS)": "*pickup.BPS, *umbrellas.BPS)",
    },
}
"""Every line of the house that names a capability; besides these, docs, Bicep and the import contracts list it."""

DEFINED = {**DEFINITION, "id": "umbrella-water", "umbrellas": {"rules": {"ja": "三日のうちにお返しください。"}}}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    """Start a desk in a copy of the house into which umbrellas are plugged."""
    house = tmp_path_factory.mktemp("house")
    for name in HOUSE:
        shutil.copytree(ROOT / name, house / name, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    for file in [*ROOT.glob("*.py"), *ROOT.glob("*.json")]:
        shutil.copy(file, house)
    (house / "local" / "emulators" / "node_modules").symlink_to(ROOT / "local" / "emulators" / "node_modules")
    shutil.copytree(UMBRELLAS, house, dirs_exist_ok=True)
    for name, changes in EDITS.items():
        source = (house / name).read_text(encoding="utf-8")
        for before, after in changes.items():
            assert source.count(before) == 1, f"{name} has another way of naming capabilities: {before!r}"
            source = source.replace(before, after)
        (house / name).write_text(source, encoding="utf-8")
    with running_desk(house) as desk:
        yield desk


@pytest.fixture(scope="module")
def clerk(desk: RunningDesk) -> dict[str, str]:
    return desk.token("hanako", "Team.supplies")


@pytest.fixture(scope="module")
def published(desk: RunningDesk) -> str:
    answer = desk.http.put("/api/catalog/services/umbrella-water", json=DEFINED, headers=desk.token("henshu", "Editor"))
    assert answer.status_code == 201, answer.text
    return str(DEFINED["id"])


def submit(desk: RunningDesk, service: str) -> dict[str, Any]:
    body = {"service": service, "answers": {"members": 2}, "contact": {"phone": "090-0000-0000"}}
    answer = desk.http.post("/api/requests", json=body, headers={"Idempotency-Key": secrets.token_urlsafe(24)})
    assert answer.status_code == 201, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def status(desk: RunningDesk, receipt: dict[str, Any]) -> dict[str, Any]:
    found = desk.http.get(f"/api/requests/{receipt['reference']}", headers={"Access-Code": receipt["accessCode"]})
    shown: dict[str, Any] = found.json()
    return shown


def test_a_section_that_does_not_stand_its_own_test_is_refused(desk: RunningDesk):
    answer = desk.http.put(
        "/api/catalog/services/umbrella-water",
        json={**DEFINED, "umbrellas": {"rules": {"en": "Bring it back."}}},
        headers=desk.token("henshu", "Editor"),
    )

    assert answer.status_code == 422
    assert answer.json()["reasons"] == ["umbrellas.rules.ja: 日本語の文が必要です"]


def test_an_umbrella_is_lent_shown_and_taken_back(desk: RunningDesk, clerk: dict[str, str], published: str):
    assert desk.http.post("/api/staff/umbrellas", json={"id": "kasa-1"}, headers=clerk).json() == {"free": ["kasa-1"]}
    assert "お貸しできる傘は 1 本です。" in desk.http.get("/ja/umbrellas").text

    receipt = submit(desk, published)
    loan = eventually(lambda: status(desk, receipt).get("loan"))
    page = desk.http.post("/ja/requests", data={"step": "show", **receipt})
    back = desk.http.post(f"/api/staff/umbrellas/{receipt['reference']}/back", headers=clerk)

    assert loan == {"umbrella": "kasa-1", "isBack": False}
    assert "傘 kasa-1 をお貸ししています。" in page.text
    assert back.json() == {"free": ["kasa-1"]}
    assert status(desk, receipt)["loan"]["isBack"] is True


def test_a_request_that_is_withdrawn_lets_go_of_its_umbrella(desk: RunningDesk, clerk: dict[str, str], published: str):
    desk.http.post("/api/staff/umbrellas", json={"id": "kasa-2"}, headers=clerk)
    receipt = submit(desk, published)
    lent = eventually(lambda: status(desk, receipt).get("loan"))["umbrella"]

    withdrawn = desk.http.post(
        f"/api/requests/{receipt['reference']}/withdraw", headers={"Access-Code": receipt["accessCode"]}
    )

    assert withdrawn.json()["status"] == "withdrawn"
    assert eventually(lambda: status(desk, receipt)["loan"]["isBack"]) is True
    assert lent in desk.http.post("/api/staff/umbrellas", json={"id": lent}, headers=clerk).json()["free"]


def test_a_refusal_of_the_capability_is_told_with_its_own_text(
    desk: RunningDesk, clerk: dict[str, str], published: str
):
    without = {name: value for name, value in DEFINED.items() if name != "umbrellas"} | {"id": "water"}
    desk.http.put("/api/catalog/services/water", json=without, headers=desk.token("henshu", "Editor"))
    receipt = submit(desk, "water")

    answer = desk.http.post(f"/api/staff/umbrellas/{receipt['reference']}/back", headers=clerk)

    assert (answer.status_code, answer.json()["code"], answer.json()["title"]) == (404, "no_umbrella", "傘がありません")
