"""What supplies officers do, over HTTP."""

import json

import httpx
import pytest

from local.desk import ROOT
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.supplies import numbers, post, slot_on

pytestmark = pytest.mark.xdist_group("office")


def test_stock_is_received_allotted_and_counted(desk, officer, site):
    opened = post(desk, f"{site}/slots", slot_on(80), officer)
    assert opened.status_code == 200, opened.text

    shown = numbers(desk, site, officer)

    (blanket,) = shown["stock"]
    assert (blanket["onHand"], blanket["allotted"], blanket["unallotted"], blanket["low"]) == (60, 40, 20, False)
    assert blanket["title"]["ja"] == "毛布"
    (slot,) = shown["slots"]
    assert (slot["state"], slot["freePlaces"]) == ("open", 5)
    kinds = [m["kind"] for m in desk.http.get(f"/api/pickup/sites/{site}/moves", headers=officer).json()["moves"]]
    assert kinds == ["received", "allotted"]


def test_a_low_stock_is_marked(desk, officer, site):
    post(
        desk,
        f"{site}/moves",
        {"id": "counted-0001", "kind": "adjusted", "lines": {"blanket": -11}, "reason": "数え直し"},
        officer,
    )

    assert numbers(desk, site, officer)["stock"][0]["low"] is True


def test_more_than_there_is_cannot_be_allotted_and_the_items_are_named(desk, officer, site):
    refused = post(desk, f"{site}/slots", slot_on(80, allotted={"blanket": 61}), officer)

    assert (refused.status_code, refused.json()["code"], refused.json()["items"]) == (
        409,
        "not_enough_stock",
        ["blanket"],
    )


def test_a_slot_is_given_more_and_then_closed(desk, officer, site):
    slot = post(desk, f"{site}/slots", slot_on(80), officer).json()["id"]

    more = post(
        desk, f"{site}/slots/{slot}/allot", {"id": "more-00001", "lines": {"blanket": 20}, "places": 3}, officer
    )
    closed = post(desk, f"{site}/slots/{slot}/close", None, officer)
    late = post(desk, f"{site}/slots/{slot}/allot", {"id": "more-00002", "places": 1}, officer)

    assert (more.json()["free"], more.json()["freePlaces"]) == ({"blanket": 60}, 8)
    assert closed.json()["isOpen"] is False
    assert (late.status_code, late.json()["code"]) == (409, "slot_closed")


def test_every_field_of_a_slot_that_does_not_fit_is_told_in_words(desk, officer, site):
    body = slot_on(-1, places=-3, allotted={"blanket": -1, "gold": 5})

    refused = desk.http.post(f"/api/pickup/sites/{site}/slots", json=body, headers={**officer, "Accept-Language": "en"})

    assert refused.status_code == 422
    assert {e["pointer"]: e["message"] for e in refused.json()["errors"]} == {
        "/starts": "This time has passed. Please enter one to come.",
        "/places": "Please enter a whole number from 1 to 500.",
        "/allotted/blanket": "Please enter a whole number from 1 to 100000.",
        "/allotted/gold": "There is no such item. Please use one that a published service hands out.",
    }


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("GET", "/nowhere", "Team.supplies"),
        ("PUT", "/nowhere", "Supervisor"),
        ("POST", "/nowhere/moves", "Team.supplies"),
        ("POST", "/nowhere/slots", "Supervisor"),
        ("POST", "/nowhere/slots/pickup-20261124-1000/close", "Supervisor"),
    ],
)
def test_each_call_needs_its_role(desk, method, path, needed):
    other = {"Team.supplies": "Supervisor", "Supervisor": "Team.supplies"}[needed]

    refused = desk.http.request(method, f"/api/pickup/sites{path}", headers=desk.token("busshi", other))

    assert refused.status_code == 403


def test_what_is_not_there_is_said_so(desk, officer, site):
    assert desk.http.get("/api/pickup/sites/nowhere", headers=officer).json()["code"] == "unknown_site"
    gone = post(desk, f"{site}/slots/pickup-20201124-1000/close", None, officer)
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_slot")


def send(desk: RunningDesk, address: str, content: bytes, headers: dict[str, str], **params: str) -> httpx.Response:
    csv = {"Content-Type": "text/csv; charset=Shift_JIS"}
    return desk.http.post(f"/api/pickup/sites{address}", content=content, headers=headers | csv, params=params)


def test_a_table_in_shift_jis_is_tried_and_then_taken(desk, officer, site):
    content = "品目,数量,区分,理由\r\n毛布,5,受入,髙島さんの寄付①\r\n".encode("cp932")

    tried = send(desk, f"/{site}/stock.csv", content, officer, dryRun="true")
    taken = [send(desk, f"/{site}/stock.csv", content, officer) for _ in range(2)]

    assert tried.json() == {"entries": 1, "applied": False}
    assert [(one.status_code, one.json()) for one in taken] == [(200, {"entries": 1, "applied": True})] * 2
    assert numbers(desk, site, officer)["stock"][0]["onHand"] == 65


def test_a_bad_line_is_named_with_its_number_in_words(desk, officer, site):
    refused = send(
        desk, f"/{site}/stock.csv", "品目,数量\n毛布,たくさん\n".encode(), officer | {"Accept-Language": "ja"}
    )

    texts = json.loads((ROOT / "web" / "texts" / "core" / "ja.json").read_text(encoding="utf-8"))
    assert (refused.status_code, refused.json()["code"]) == (422, "sheet_refused")
    assert refused.json()["errors"] == [
        {"line": 2, "column": "数量", "code": "type_integer", "message": texts["field.type_integer"]}
    ]


def test_tables_go_out_as_files_that_spreadsheet_programs_open(desk, officer, site):
    for address in (
        "sites.csv",
        f"sites/{site}/stock.csv",
        f"sites/{site}/slots.csv",
        f"sites/{site}/moves.csv",
        "b-plo.csv",
    ):
        sheet = desk.http.get(f"/api/pickup/{address}", headers=officer)

        assert (sheet.status_code, sheet.headers["content-type"]) == (200, "text/csv; charset=utf-8")
        assert sheet.content.startswith(b"\xef\xbb\xbf")


def test_a_table_is_taken_from_whom_it_may_be_taken_and_only_as_csv(desk, officer, site):
    clerk, content = desk.token("clerk", "Team.supplies"), "拠点ID,名称,種別,住所\nx-1,見本,臨時,見本市1\n".encode()

    assert send(desk, ".csv", content, clerk).status_code == 403
    assert send(desk, ".csv", content, desk.token("other", "Team.delivery")).status_code == 403
    other = desk.http.post("/api/pickup/sites.csv", json={}, headers=officer)
    assert (other.status_code, other.json()["code"]) == (415, "not_csv")
    assert send(desk, ".csv", b"x" * (1024 * 1024 + 1), officer).status_code == 413
