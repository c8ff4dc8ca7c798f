"""A place and time for supplies as a resident gets them: over HTTP, and in a real browser at a phone's width."""

import asyncio
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

import wiring
from functions.edge.texts import LANGUAGES, Texts
from services.pickup.booking.state import MOST_CHOICES
from services.pickup.stock.fields import SlotFields
from services.times import JAPAN, instant
from settings import Settings
from tests.end_to_end.browsing import check_page, context_of, fill, go_on, receipt_on
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.forms import CONTACT, EXAMPLE, Typed, get, post, start
from tests.end_to_end.forms import receipt_on as receipt_of
from tests.end_to_end.over_http import BODY, eventually, new_key
from tests.pickup import OFFICER, site, stock
from tests.qr import says
from wiring.pickup import pickup

pytestmark = pytest.mark.xdist_group("office")
FORM = "/ja/services/relief-supplies"
SLOT = "/answers/slot"
TOMORROW = datetime.now(JAPAN).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
ALLOTTED = {"water": 600, "food": 300, "blanket": 60, "toiletPaper": 60}
SITE = site(
    access={"ja": "正門から入って右の体育館。車いすで入れます。", "en": "The gym on the right of the main gate."},
    hours={"ja": "9時から17時", "en": "9:00 to 17:00"},
    lat=35.0,
    lon=135.0,
)


def slot_name(hour: int, of: str = "school") -> str:
    return f"{of}.pickup-{TOMORROW:%Y%m%d}-{hour:02}00"


async def open_sites(values: dict[str, str]) -> None:
    """Open two sites in place of those a desk is seeded with; one slot has room for a single household."""
    app = wiring.build(Settings.from_env(values))
    try:
        for seeded in await pickup(app).keeping.sites():
            for slot in (await pickup(app).keeping.site(seeded.site_id)).slots:
                await pickup(app).keeping.close_slot(seeded.site_id, slot, OFFICER)
        for name, of, hours in (
            ("見本第一小学校", "school", {10: 20, 11: 20}),
            ("見本市民体育館", "gym", {13: 1, 14: 20}),
        ):
            await pickup(app).keeping.put_site(
                of, SITE if of == "school" else site(name={"ja": name}, address="見本市東町2-2"), OFFICER
            )
            await pickup(app).keeping.move(of, stock(**{item: 2 * units for item, units in ALLOTTED.items()}), OFFICER)
            for hour, places in hours.items():
                starts = TOMORROW + timedelta(hours=hour)
                fields = SlotFields(
                    starts=instant(starts.astimezone(UTC)),
                    ends=instant((starts + timedelta(hours=1)).astimezone(UTC)),
                    places=places,
                    allotted=ALLOTTED,
                )
                await pickup(app).keeping.open_slot(of, fields, OFFICER)
    finally:
        await app.close()


@pytest.fixture(scope="module")
def desk() -> Iterator[RunningDesk]:
    """Start a desk whose sites take residents: on any other, residents have nowhere to go."""
    desk = RunningDesk()
    try:
        desk.wait_for_line("Ctrl-C stops everything")
        values = json.loads((desk.folder / "local.settings.json").read_text(encoding="utf-8"))["Values"]
        with ThreadPoolExecutor(1) as apart:  # Playwright keeps an event loop of its own in this thread
            apart.submit(asyncio.run, open_sites(values)).result()
        eventually(lambda: slot_name(10) in slots(desk))  # an instance trusts its list of slots for seconds
        yield desk
    finally:
        desk.forget()


@pytest.fixture
def page(browser: Browser, desk: RunningDesk) -> Iterator[Page]:
    """Return a page without JavaScript, as the counter must work."""
    context = context_of(browser, desk, java_script_enabled=False)
    yield context.new_page()
    context.close()


def household(number: int, **changes: Any) -> dict[str, Any]:
    """Return what an invented household of three answers; another number is another household."""
    kana = "".join("アカサタナハマヤラワ"[int(digit)] for digit in f"{number:03}")
    named = {"headName": f"見本 {number}子", "headKana": f"ミホン {kana}", "address": f"見本市北町{number}番地"}
    return BODY["answers"] | named | changes


def typed_by(number: int, slot: str | None = None) -> Typed:
    named = {f"/answers/{k}": [v] for k, v in household(number).items() if k in ("headName", "headKana", "address")}
    return EXAMPLE | named | CONTACT | {"/contact/phone": [f"090-0000-{number:04}"]} | ({SLOT: [slot]} if slot else {})


def submit(desk: RunningDesk, number: int, **changes: Any) -> dict[str, Any]:
    body = BODY | {"answers": household(number, **changes), "contact": {"phone": f"090-0000-{number:04}"}}
    answer = desk.http.post("/api/requests", json=body, headers=new_key())
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def status(desk: RunningDesk, receipt: dict[str, Any]) -> dict[str, Any]:
    answer = desk.http.get(f"/api/requests/{receipt['reference']}", headers={"Access-Code": receipt["accessCode"]})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def booking_in(desk: RunningDesk, receipt: dict[str, Any], *states: str) -> dict[str, Any]:
    """Return a booking once it is in one of these states."""

    def found() -> dict[str, Any] | None:
        booking = status(desk, receipt).get("booking", {})
        return booking if booking.get("state") in states else None

    booking = eventually(found)
    assert booking
    return booking


def act(desk: RunningDesk, receipt: dict[str, Any], path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    headers = {"Access-Code": receipt["accessCode"]}
    answer = desk.http.post(f"/api/requests/{receipt['reference']}/{path}", json=body, headers=headers)
    return answer.status_code, answer.json()


def slots(desk: RunningDesk) -> dict[str, dict[str, Any]]:
    answer = desk.http.get("/api/pickup/slots")
    assert answer.status_code == 200, answer.text
    return {slot["name"]: slot for slot in answer.json()["slots"]}


def free_in(desk: RunningDesk, name: str) -> int:
    return int(slots(desk)[name]["freePlaces"])


def pair_of(receipt: dict[str, Any]) -> Typed:
    return {"reference": [receipt["reference"]], "accessCode": [receipt["accessCode"]]}


def test_anyone_sees_the_slots_that_are_open_with_what_they_hand_out(desk: RunningDesk):
    found = slots(desk)

    school = found[slot_name(10)]
    assert school["site"]["name"] == {"ja": "見本第一小学校"}
    assert school["site"]["lat"] == 35.0
    assert school["items"][0]["id"] == "water"
    assert school["items"][0]["title"]["ja"].startswith("飲料水")
    assert school["freePlaces"] <= 20
    assert "entries" not in json.dumps(found)
    assert desk.http.get("/api/pickup/slots?method=delivery").json() == {"slots": []}
    assert desk.http.get("/api/pickup/slots?method=boat").status_code == 422


def test_a_request_without_a_wish_gets_the_earliest_place_and_its_units(desk: RunningDesk):
    receipt = submit(desk, 1)

    booking = booking_in(desk, receipt, "confirmed")

    assert (booking["place"]["slot"], booking["until"]) == (slot_name(10), None)
    assert booking["place"]["site"]["name"]["ja"] == "見本第一小学校"
    assert {line["item"]: line["units"] for line in booking["lines"]} == {
        "water": 18,
        "food": 9,
        "blanket": 3,
        "toiletPaper": 3,
    }


def test_a_change_takes_the_new_place_and_gives_the_old_one_back(desk: RunningDesk):
    receipt = submit(desk, 2, slot=slot_name(10))
    booking_in(desk, receipt, "confirmed")
    before, new_before = slots(desk)[slot_name(10)], free_in(desk, slot_name(11))

    code, changed = act(desk, receipt, "place", {"slot": slot_name(11)})
    again, _ = act(desk, receipt, "place", {"slot": slot_name(11)})

    assert (code, again) == (200, 200)
    assert changed["booking"]["place"]["slot"] == slot_name(11)
    eventually(lambda: free_in(desk, slot_name(11)) == new_before - 1)
    eventually(lambda: free_in(desk, slot_name(10)) >= before["freePlaces"])


def test_what_cannot_be_chosen_or_confirmed_is_refused_and_changes_nothing(desk: RunningDesk):
    receipt = submit(desk, 3)
    booking_in(desk, receipt, "confirmed")
    delivered = submit(desk, 4, receive="delivery", deliveryReason="mobility")
    booking_in(desk, delivered, "waiting")

    unknown = act(desk, receipt, "place", {"slot": "school.pickup-20200101-1000"})
    nothing_held = act(desk, delivered, "place/confirm")
    wrong_code = act(desk, receipt | {"accessCode": "AAAAAAAA"}, "place/confirm")
    no_slot = act(desk, receipt, "place", {})

    assert (unknown[0], unknown[1]["code"]) == (422, "no_such_slot")
    assert (nothing_held[0], nothing_held[1]["code"]) == (409, "place_gone")
    assert (wrong_code[0], wrong_code[1]["code"]) == (404, "unknown_request")
    assert no_slot[0] == 422
    assert unknown[1]["phone"] == status(desk, receipt)["phone"]
    assert booking_in(desk, receipt, "confirmed")["place"]["slot"] == slot_name(10)


def test_a_place_that_was_changed_too_often_stays_and_the_page_says_whom_to_call(desk: RunningDesk):
    receipt = submit(desk, 60, slot=slot_name(10))
    booking_in(desk, receipt, "confirmed")
    changes = [act(desk, receipt, "place", {"slot": slot_name(11 - n % 2)})[0] for n in range(MOST_CHOICES)]
    assert changes == [200] * MOST_CHOICES
    place = booking_in(desk, receipt, "confirmed")["place"]["slot"]

    refused, problem = act(desk, receipt, "place", {"slot": slot_name(11 if place == slot_name(10) else 10)})
    again, _ = act(desk, receipt, "place", {"slot": place})
    pages = {language: post(desk, f"/{language}/requests", pair_of(receipt), "show") for language in LANGUAGES}
    asked = post(desk, "/ja/requests", pair_of(receipt), "change-place")
    other = {"/slot": [slot_name(14, "gym")]}
    chosen = post(desk, "/ja/requests", pair_of(receipt) | other, "choose-place", status=409)

    assert (refused, problem["code"], again) == (409, "place_changed_too_often", 200)
    for language, page in pages.items():
        said = Texts(language)("place.no_more", phone=problem["phone"])
        assert said.partition(problem["phone"])[0] in page.text
        assert "change-place" not in [element.get("value") for element in page.elements]
    assert "/slot" not in asked.typed
    assert Texts("ja")("problem.place_changed_too_often.title") in chosen.text
    assert booking_in(desk, receipt, "confirmed")["place"]["slot"] == place


@pytest.mark.parametrize("number", [5])
def test_who_finds_the_chosen_slot_full_confirms_the_place_that_is_held_instead(desk: RunningDesk, number: int):
    first = submit(desk, number, slot=slot_name(13, "gym"))
    booking_in(desk, first, "confirmed")
    receipt = submit(desk, number + 1, slot=slot_name(13, "gym"))
    held = booking_in(desk, receipt, "held")
    shown = post(desk, "/ja/requests", pair_of(receipt), "show")

    confirmed = post(desk, "/ja/requests", pair_of(receipt), "confirm-place")
    again = post(desk, "/ja/requests", pair_of(receipt), "confirm-place")

    assert held["until"]
    assert "までに確定してください" in shown.text
    assert "この場所と時間で確定する" in [e.text for e in shown.all("button")]
    assert "場所と時間が決まりました" in confirmed.text
    assert "場所と時間が決まりました" in again.text
    assert booking_in(desk, receipt, "confirmed")["until"] is None


def test_a_household_that_was_served_before_reads_that_and_the_number_and_nothing_else(desk: RunningDesk):
    booking_in(desk, submit(desk, 7), "confirmed")
    second = submit(desk, 7)

    booking = booking_in(desk, second, "already")
    page = post(desk, "/ja/requests", pair_of(second), "show")

    assert (booking["place"], booking["until"], booking["lines"]) == (None, None, [])
    assert "この世帯はすでに受け付けています" in page.text
    assert "見本第一小学校" not in page.text
    assert page.all("svg") == []


def test_the_form_offers_open_slots_by_site_and_the_check_page_says_the_choice_in_words(desk: RunningDesk):
    form = get(desk, FORM)
    check = post(desk, FORM, start(desk) | {SLOT: [slot_name(11)]}, "check")
    anywhere = post(desk, FORM, start(desk) | {SLOT: [""]}, "check")
    gone = post(desk, FORM, start(desk) | {SLOT: ["school.pickup-20200101-1000"]}, "check")

    values = [e.get("value") for e in form.all("input") if e.get("name") == SLOT]
    assert values[0] == ""
    assert {slot_name(10), slot_name(11), slot_name(14, "gym")} <= set(values)
    assert form.typed[SLOT] == [""]
    assert "見本第一小学校（見本市中央1）" in [e.text for e in form.all("legend")]
    assert re.search(r"令和\d+年\d+月\d+日（.）\s*10時から11時まで\s*残り\d+世帯\s*11時から12時まで", form.text)
    assert re.search(r"お渡しするもの：.*飲料水", form.text)
    assert re.search(r"見本第一小学校（見本市中央1） 令和\d+年\d+月\d+日（.） 11時から12時まで", check.text)
    assert check.typed[SLOT] == [slot_name(11)]
    assert "どこでも・いつでもよい" in anywhere.text
    assert "空きを、今は確かめられません" in gone.text


def test_any_slot_or_one_that_is_gone_is_taken_and_another_is_offered(desk: RunningDesk):
    form = {name: value for name, value in start(desk).items() if name in ("seed", "version")}
    receipts = [
        receipt_of(post(desk, FORM, form | typed_by(number, slot), "send", 201))
        for number, slot in ((8, ""), (9, "school.pickup-20200101-1000"), (10, "gym.delivery-20200101-1000"))
    ]

    pairs = [{"reference": reference, "accessCode": code} for reference, code in receipts]
    states = [booking_in(desk, pair, "held", "confirmed")["state"] for pair in pairs]

    assert states == ["confirmed", "held", "held"]


def test_a_choice_that_is_gone_comes_back_to_the_choice_with_what_is_open(desk: RunningDesk):
    receipt = submit(desk, 11)
    booking_in(desk, receipt, "confirmed")

    page = post(
        desk, "/ja/requests", pair_of(receipt) | {"/slot": ["school.pickup-20200101-1000"]}, "choose-place", 422
    )
    nothing = post(desk, "/ja/requests", pair_of(receipt), "choose-place", 422)

    assert "その場所と時間は選べません" in page.text
    assert page.typed["/slot"] == nothing.typed["/slot"] == [slot_name(10)]


def test_a_receipt_says_where_to_find_the_place_and_shows_it_once_it_is_there(desk: RunningDesk):
    form = {name: value for name, value in start(desk).items() if name in ("seed", "version")}
    receipt = post(desk, FORM, form | typed_by(12), "send", 201)
    reference, code = receipt_of(receipt)
    booking_in(desk, {"reference": reference, "accessCode": code}, "confirmed")

    answer = desk.http.post("/en/requests", data={"reference": reference, "accessCode": code, "step": "receipt"})

    assert "受け取りコードは" in receipt.text
    assert says(answer.text, f"MADOGUCHI:{reference.replace('-', '')}")
    assert "10:00 to 11:00" in answer.text


def test_a_page_names_what_the_place_does_not_hand_out(desk: RunningDesk):
    receipt = submit(desk, 23, items=["water", "infantMilk"], household={"members": 3, "infants": 1})
    booking = booking_in(desk, receipt, "confirmed")

    shown = post(desk, "/ja/requests", pair_of(receipt), "show").text

    assert [line["item"] for line in booking["missing"]] == ["infantMilk"]
    assert shown.index("この場所では受け取れないもの") < shown.index("乳児用ミルク")


def test_a_request_is_not_offered_to_be_withdrawn_once_its_supplies_were_handed_over(desk: RunningDesk):
    receipt = submit(desk, 24, diet="卵")
    booking_in(desk, receipt, "confirmed")
    before = post(desk, "/ja/requests", pair_of(receipt), "show").text
    handed = {"reference": receipt["reference"], "id": "handed-over-0024", "receiver": "household"}
    staff = desk.token("madoguchi", "Team.supplies")
    desk.http.post("/api/staff/pickup/hand-overs", json=handed, headers=staff).raise_for_status()

    after = post(desk, "/ja/requests", pair_of(receipt), "show").text

    assert status(desk, receipt)["status"] == "accepted", "somebody still calls about the diet"
    assert ("申請を取り下げる" in before, "申請を取り下げる" in after) == (True, False)


def test_a_resident_chooses_a_slot_shows_the_code_changes_and_withdraws(page: Page, desk: RunningDesk):
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    page.goto(FORM)
    fill(page, typed_by(20, slot_name(11)))
    go_on(page, "入力した内容を確かめる")
    expect(page.get_by_text("11時から12時まで")).to_be_visible()
    go_on(page, "この内容で申請する")
    reference, code = receipt_on(page)
    receipt = {"reference": reference, "accessCode": code}
    booking_in(desk, receipt, "confirmed")

    go_on(page, "申請の状況を確かめる")
    expect(page.get_by_role("img", name=f"受付番号 {reference} の受け取りコード")).to_be_visible()
    assert says(page.content(), f"MADOGUCHI:{reference.replace('-', '')}")
    expect(page.get_by_text("見本第一小学校")).to_be_visible()
    expect(page.get_by_text("飲料水（500ミリリットル）：18本")).to_be_visible()

    go_on(page, "場所と時間を変える")
    expect(page.get_by_role("radio", name=re.compile("11時から12時まで.*今の予約"))).to_be_checked()
    page.locator(f'input[value="{slot_name(14, "gym")}"]').check()
    go_on(page, "この場所と時間にする")
    expect(page.get_by_text("14時から15時まで")).to_be_visible()
    expect(page.get_by_text("見本市民体育館")).to_be_visible()
    taken = free_in(desk, slot_name(14, "gym"))

    go_on(page, "申請を取り下げる")
    go_on(page, "取り下げる")
    expect(page.get_by_text("取り下げました", exact=True)).to_be_visible()
    expect(page.locator(".code")).to_have_count(0)
    eventually(lambda: free_in(desk, slot_name(14, "gym")) > taken)
    assert not [url for url in seen if reference in url or code in url]


def test_pages_with_slots_and_codes_are_accessible_and_break_no_rule_of_the_browser(
    browser: Browser, desk: RunningDesk
):
    receipt = submit(desk, 21)
    booking_in(desk, receipt, "confirmed")
    context = context_of(browser, desk)
    refused: list[str] = []
    context.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page = context.new_page()
    look_up(page, receipt)
    expect(page.locator(".code")).to_be_visible()
    go_on(page, "場所と時間を変える")
    page.goto(FORM)
    context.close()

    examined = context_of(browser, desk, bypass_csp=True).new_page()
    look_up(examined, receipt)
    check_page(examined)
    go_on(examined, "場所と時間を変える")
    check_page(examined)
    examined.goto(FORM)
    check_page(examined)
    examined.context.close()

    assert refused == []


def test_the_print_of_a_status_fits_one_page_with_all_that_is_needed_at_the_site(browser: Browser, desk: RunningDesk):
    receipt = submit(desk, 22)
    booking_in(desk, receipt, "confirmed")
    context = context_of(browser, desk)
    page = context.new_page()
    look_up(page, receipt)
    expect(page.locator(".code")).to_be_visible()

    printed = page.pdf(format="A4")
    page.emulate_media(media="print")

    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    for text in (receipt["reference"], "見本第一小学校", "10時から11時まで", "飲料水（500ミリリットル）：18本"):
        expect(page.get_by_text(text)).to_be_visible()
    expect(page.locator(".code")).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)
    expect(page.get_by_text("これまでのこと")).to_be_hidden()
    expect(page.get_by_role("button")).to_have_count(0)
    context.close()


def look_up(page: Page, receipt: dict[str, Any]) -> None:
    page.goto("/ja/requests")
    page.get_by_label("受付番号").fill(receipt["reference"])
    page.get_by_label("アクセスコード").fill(receipt["accessCode"])
    go_on(page, "状況を確かめる")
