"""What officers and residents may get wrong, each with what it is answered in Japanese, and what is never wrong."""

import json
import re
from typing import Any

import httpx
import pytest

from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.forms import FORM, Typed
from tests.end_to_end.forms import post as send_form
from tests.end_to_end.forms import start as filled_form
from tests.end_to_end.over_http import BODY, new_key, of_another_household
from tests.end_to_end.supplies import post, slot_on

pytestmark = pytest.mark.xdist_group("residents and counter")

PLACES = "1から500までの整数を入力してください。"
UNITS = "1から100000までの整数を入力してください。"
NO_ITEM = "この品目はありません。公開中の手続きにある品目から選んでください。"
CHOICE = "選択肢から選んでください。"
WHOLE = "コンマや単位を付けずに、整数を数字で入力してください（例：12）。"
LEAST_ONE = "1以上の数を入力してください。"
MOST_100 = "100以下の数を入力してください。"
FAR = "先すぎます。92日先までの日時を入力してください。"
PAST = "過ぎた日時です。これからの日時を入力してください。"
SPAN = "終わりは、始まりより後で、24時間以内にしてください。"
INSTANT = "日時の形を確かめてください（例：2026-11-25T10:00:00+09:00）。"
SIGNED = "-100000から100000までの整数を入力してください（0を除く）。"
OVERLAPS = "同じ場所に、この時間と重なる枠があります。時間を変えるか、その枠の数を変えてください。"
MEMBERS = "/answers/household/members"


def told(answer: httpx.Response) -> dict[str, str]:
    """Return what is said of each field."""
    assert answer.status_code == 422, answer.text
    return {error["pointer"]: error["message"] for error in answer.json()["errors"]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (slot_on(-1), {"/starts": PAST}),
        (slot_on(100), {"/starts": FAR}),
        (slot_on(80, (12, 10)), {"/ends": SPAN}),
        (slot_on(80, (10, 10)), {"/ends": SPAN}),
        (slot_on(80, (0, 25)), {"/ends": SPAN}),
        (slot_on(80, starts="あした"), {"/starts": INSTANT}),
        (slot_on(80, starts="9999-12-31T23:59:59+09:00"), {"/starts": INSTANT}),
        (slot_on(80, places=0), {"/places": PLACES}),
        (slot_on(80, places=-3), {"/places": PLACES}),
        (slot_on(80, places=2**60), {"/places": PLACES}),
        (slot_on(80, places="たくさん"), {"/places": WHOLE}),
        (slot_on(80, places=2.5), {"/places": WHOLE}),
        (slot_on(80, allotted={"blanket": 0}), {"/allotted/blanket": UNITS}),
        (slot_on(80, allotted={"blanket": -1}), {"/allotted/blanket": UNITS}),
        (slot_on(80, allotted={"blanket": 2**60}), {"/allotted/blanket": UNITS}),
        (slot_on(80, allotted={"gold": 5, "blanket": 1}), {"/allotted/gold": NO_ITEM}),
        (slot_on(80, allotted={}), {"/allotted": "1つの枠には、品目を1つから8つまで割り当てられます。"}),
    ],
    ids=lambda value: json.dumps(value, ensure_ascii=False)[:60] if len(value) < 3 else "",
)
def test_a_slot_that_does_not_fit_says_so_at_its_field(
    desk: RunningDesk, officer: dict[str, str], site: str, body: dict[str, Any], expected: dict[str, str]
):
    assert told(post(desk, f"{site}/slots", body, officer)) == expected


@pytest.mark.parametrize("hours", [(11, 13), (9, 11), (10, 12), (9, 13)])
def test_a_slot_that_overlaps_another_says_so(desk: RunningDesk, officer: dict[str, str], site: str, hours: Any):
    opened = post(desk, f"{site}/slots", slot_on(80, allotted={"blanket": 5}), officer)
    assert opened.status_code == 200

    assert told(post(desk, f"{site}/slots", slot_on(80, hours), officer)) == {"/starts": OVERLAPS}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"lines": {"blanket": -5}}, {"/lines/blanket": UNITS}),
        ({"lines": {"blanket": 2**60}}, {"/lines/blanket": UNITS}),
        ({"lines": {"blanket": "5枚"}}, {"/lines": WHOLE}),
        ({"lines": {"gold": 5}}, {"/lines/gold": NO_ITEM}),
        ({"lines": {}}, {"/lines": "入力してください。"}),
        ({"kind": "adjusted", "lines": {"blanket": 0}, "reason": "数え直し"}, {"/lines/blanket": SIGNED}),
        ({"kind": "adjusted", "lines": {"blanket": -1}}, {"/reason": "入力してください。"}),
        ({"kind": "stolen", "lines": {"blanket": 1}}, {"/kind": CHOICE}),
    ],
)
def test_an_entry_of_stock_that_does_not_fit_says_so_at_its_field(
    desk: RunningDesk, officer: dict[str, str], site: str, body: dict[str, Any], expected: dict[str, str]
):
    assert told(post(desk, f"{site}/moves", {"id": "entry-00001", **body}, officer)) == expected


@pytest.mark.parametrize(
    ("changes", "pointer", "message"),
    [
        ({"household": {"members": 0}}, MEMBERS, LEAST_ONE),
        ({"household": {"members": -3}}, MEMBERS, LEAST_ONE),
        ({"household": {"members": 200}}, MEMBERS, MOST_100),
        ({"household": {"members": 2.5}}, MEMBERS, WHOLE),
        ({"household": {"members": "三人"}}, MEMBERS, WHOLE),
        ({"items": ["gold"]}, "/answers/items/0", CHOICE),
        ({"items": ["water", "water"]}, "/answers/items", "同じものが2回選ばれています。"),
        ({"items": []}, "/answers/items", "1つ以上選んでください。"),
        ({"slot": "あしたの朝"}, "/answers/slot", "場所と時間を、もう一度選んでください。"),
        ({"headName": ""}, "/answers/headName", "1文字以上で入力してください。"),
        ({"address": "見" * 101}, "/answers/address", "100文字以内で入力してください。"),
    ],
)
def test_what_a_resident_answers_amiss_is_told_at_its_field(
    desk: RunningDesk, changes: dict[str, Any], pointer: str, message: str
):
    body = {**BODY, "answers": {**BODY["answers"], **changes}}

    assert told(desk.http.post("/api/requests", json=body, headers=new_key())) == {pointer: message}


@pytest.mark.parametrize(
    ("members", "message"), [("0", LEAST_ONE), ("200", MOST_100), ("-3", LEAST_ONE), ("二", WHOLE)]
)
def test_the_form_tells_it_in_the_same_words_and_keeps_what_was_typed(desk: RunningDesk, members: str, message: str):
    page = send_form(desk, FORM, filled_form(desk) | {MEMBERS: [members]}, "check", 422)

    assert message in page.text
    assert [e.get("name") for e in page.elements if e.get("aria-invalid")] == [MEMBERS]
    assert page.typed[MEMBERS] == [members]


def test_the_form_tells_of_an_item_that_nobody_hands_out(desk: RunningDesk):
    page = send_form(desk, FORM, filled_form(desk) | {"/answers/items": ["gold"]}, "check", 422)

    assert re.search("選択肢から選んでください|1つ以上選んでください", page.text)


@pytest.mark.parametrize("members", [0, 200])
def test_the_counter_tells_of_a_household_that_cannot_be(desk: RunningDesk, members: int):
    body = of_another_household()
    body["answers"] = {**body["answers"], "household": {"members": members}}
    answer = desk.http.post(
        "/api/staff/pickup/walk-ins",
        json={**body, "id": new_key()["Idempotency-Key"]},
        headers=desk.token("yamada", "Team.supplies"),
    )

    assert told(answer) == {MEMBERS: LEAST_ONE if members == 0 else MOST_100}


NEVER_WRONG: list[dict[str, Any]] = [
    {"headName": "李", "headKana": "リ"},
    {"headName": "呉", "headKana": "ゴ"},
    {"headName": "Nguyễn Văn An", "headKana": "NGUYEN VAN AN"},
    {"headName": "José María Ó Súilleabháin-Ødegård", "headKana": "ホセ マリア"},
    {"headName": "Wolfeschlegelsteinhausenbergerdorff " * 2 + "Maximilian Alexander", "headKana": "ウ" * 100},
    {"headName": "𠮷野 髙﨑", "headKana": "よしの ﾀｶｻｷ"},
    {"headName": "สมชาย ใจดี", "headKana": "ソムチャイ"},
    {"headName": "見本　花子", "address": "見本市大字例示"},
    {"address": "見本市中央一丁目"},
    {"address": "例示港の仮設テント（番地なし）"},
    {"address": "〒000-0000 見本県見本市字山上　無番地"},
    {"household": {"members": 100}},
    {"household": {"members": 3, "infants": 3}},
]


@pytest.mark.parametrize("changes", NEVER_WRONG, ids=lambda changes: next(iter(changes.values())))
def test_no_name_and_no_address_is_ever_wrong(desk: RunningDesk, changes: dict[str, Any]):
    body = of_another_household()
    body["answers"] = {**body["answers"], **changes}

    answer = desk.http.post("/api/requests", json=body, headers=new_key())

    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("changes", [one for one in NEVER_WRONG if "household" not in one])
def test_the_form_takes_every_name_and_address_as_well(desk: RunningDesk, changes: dict[str, str]):
    typed: Typed = {f"/answers/{name}": [value] for name, value in changes.items()}

    page = send_form(desk, FORM, filled_form(desk) | typed, "check")

    assert page.heading == "内容を確かめてください"
    assert all(value in page.text or value.strip() in page.text for value in changes.values())
