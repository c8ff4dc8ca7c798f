"""Sending a form over fakes: one request and one receipt, whatever comes twice, is lost, or is somebody else's."""

import base64
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

import azure.functions as func
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.intake.sending import key_for
from services.case.request import Contact, Submission
from services.intake.submissions import hash_of_body, hash_with_language
from tests import served
from tests.counter import Counter, current
from tests.html import Page
from tests.pickup_counter import PickupCounter

ANSWERS = {"/answers/members": "2", "/contact/phone": "090-0000-0000", "/contact/name": "見本 花子"}
OTHERS = {**ANSWERS, "/contact/name": "見本 次郎"}
RECEIPT = "申請を受け付けました"


class Browser:
    """Keep a cookie, go where an answer leads, and read the page; `refuses` cookies where told so."""

    def __init__(self, *, refuses: bool = False, scheme: str = "http") -> None:
        self.cookie = ""
        self.place = ""
        self._refuses = refuses
        self._scheme = scheme

    async def ask(
        self, name: str, typed: Mapping[str, str] = {}, *, lang: str = "ja", lost: bool = False, service: str = "water"
    ) -> func.HttpResponse:
        headers = {"Cookie": self.cookie, "X-Forwarded-Proto": self._scheme}
        route = {"lang": lang, "id": service, "step": "check"}
        answer = await served.call(
            name, urlencode(typed).encode(), headers=headers, route=route, params=dict(parse_qsl(self.place))
        )
        assert answer.status_code < 500 or answer.headers.get("Retry-After"), answer.get_body()
        if (given := answer.headers.get("Set-Cookie")) and not lost and not self._refuses:
            self.cookie = given.partition(";")[0]
        return answer

    async def form(self, lang: str = "ja") -> dict[str, str]:
        """Open the form and return what it sends besides its answers."""
        page = Page((await self.ask("show_form", lang=lang)).get_body().decode())
        return {name: page.typed[name][0] for name in ("seed", "version")}

    async def check(self, typed: Mapping[str, str], lang: str = "ja") -> Page:
        return Page((await self.ask("check_answers", typed, lang=lang)).get_body().decode())

    async def send(self, typed: Mapping[str, str], *, lang: str = "ja", lost: bool = False) -> Page:
        """Send, and go where it leads."""
        answer = await self.ask("send_request", typed, lang=lang, lost=lost)
        if answer.status_code == 303 and not lost:
            address, _, self.place = answer.headers["Location"].partition("?")
            assert address == f"/{lang}/services/water/receipt"
            return await self.receipt(lang)
        return Page(answer.get_body().decode() or "<html lang=ja><title>|</title><main><h1>-</h1></main></html>")

    async def receipt(self, lang: str = "ja") -> Page:
        return Page((await self.ask("show_receipt", lang=lang)).get_body().decode())

    async def request(self, answers: Mapping[str, str] = ANSWERS, **changes: str) -> Page:
        """Fill in a form anew, check and send it."""
        typed = {**await self.form(), **answers, **changes}
        return await self.send(one_each(await self.check(typed)))


def one_each(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in page.typed.items()}


def numbers(page: Page) -> list[str]:
    assert page.heading == RECEIPT, page.text
    return [e.text for e in page.all("dd")]


@pytest.fixture
def counter() -> Counter:
    counter = Counter(current(), current(id="blankets"))
    served.serve(served.app_over(counter))
    return counter


@pytest.fixture
def browser(counter: Counter) -> Browser:
    return Browser()


async def test_a_request_is_sent_and_its_receipt_opens_again(counter: Counter, browser: Browser):
    receipt = await browser.request()

    assert numbers(await browser.receipt()) == numbers(receipt)
    assert numbers(receipt)[0] in counter.store.cases


@pytest.mark.parametrize("not_even_shipped", [False, True])
async def test_a_receipt_opens_again_without_a_look_into_the_store(
    counter: Counter, browser: Browser, not_even_shipped: bool
):
    first = numbers(await browser.request())
    counter.store.away = counter.editions.away = counter.copy.away = True
    if not_even_shipped:
        counter.shipped.forget()
    counter.new_instance()
    served.serve(served.app_over(counter))

    assert numbers(await browser.receipt()) == first


@pytest.mark.parametrize("again", ["send", "check and send", "fill in again", "in English", "in another tab"])
async def test_a_lost_answer_ends_at_the_same_receipt(counter: Counter, browser: Browser, again: str):
    typed = {**await browser.form(), **ANSWERS}
    checked = one_each(await browser.check(typed))
    await browser.send(checked, lost=True)

    match again:
        case "send":
            page = await browser.send(checked)
        case "check and send":
            page = await browser.send(one_each(await browser.check(typed)))
        case "in English":
            await browser.send(one_each(await browser.check(typed, "en")), lang="en")
            page = await browser.receipt()
        case _:
            page = await browser.request()

    assert list(counter.store.cases) == [numbers(page)[0]]


async def test_a_double_click_ends_at_the_same_receipt(counter: Counter, browser: Browser):
    checked = one_each(await browser.check({**await browser.form(), **ANSWERS}))

    first, second = [numbers(await browser.send(checked)) for _ in range(2)]

    assert first == second
    assert list(counter.store.cases) == [first[0]]


async def test_while_the_store_is_away_the_same_content_ends_at_the_same_receipt(counter: Counter, browser: Browser):
    counter.store.away = True
    typed = {**await browser.form(), **ANSWERS}
    await browser.send(typed, lost=True)

    queued = await browser.send(typed)
    counter.store.away = False
    await counter.run_workers()

    assert "もう一度送る必要はありません" in queued.text
    assert list(counter.store.cases) == [numbers(queued)[0]]
    assert numbers(await browser.send(typed)) == numbers(queued)


async def test_a_form_that_the_shipped_edition_drew_is_the_same_body_when_the_store_is_back(
    counter: Counter, browser: Browser
):
    stores = (counter.store, counter.editions, counter.copy)
    for store in stores:
        store.away = True
    counter.new_instance()
    served.serve(served.app_over(counter))
    typed = {**await browser.form(), **ANSWERS}
    await browser.send(typed, lost=True)
    for store in stores:
        store.away = False
    counter.new_instance()
    served.serve(served.app_over(counter))

    receipt = await browser.send(one_each(await browser.check(typed)))
    await counter.run_workers()

    assert typed["version"] == ""
    assert list(counter.store.cases) == [numbers(receipt)[0]]


@pytest.mark.parametrize("lang", ["ja-easy", "en"])
async def test_a_receipt_is_the_same_in_another_language(browser: Browser, lang: str):
    receipt = await browser.request()

    in_other = await browser.receipt(lang)

    assert [e.text for e in in_other.all("dd")] == numbers(receipt)
    assert f"/{lang}/services/water/receipt?{browser.place}" in {e.get("href") for e in receipt.all("a")}
    assert "water/receipt" in "".join(e.get("href") for e in in_other.all("a"))


async def test_a_receipt_closes_after_thirty_minutes_and_the_same_content_opens_it_again(
    counter: Counter, browser: Browser
):
    typed = {**await browser.form(), **ANSWERS}
    first = await browser.send(typed)
    counter.clock.pass_(30 * 60)

    closed = await browser.receipt()

    assert closed.heading == "受付番号の画面は閉じました"
    assert numbers(first)[0] not in closed.text
    assert numbers(await browser.send(typed)) == numbers(first)
    assert len(counter.store.cases) == 1


@pytest.mark.parametrize("step", ["finish", "another"])
async def test_who_is_done_closes_the_receipt_and_the_next_draft_begins(counter: Counter, browser: Browser, step: str):
    typed = {**await browser.form(), **ANSWERS}
    first = await browser.send(typed)

    closing = await browser.ask("close_receipt", {"step": step})

    assert closing.headers["Location"] == {"finish": "/ja", "another": "/ja/services/water"}[step]
    assert closing.headers["Clear-Site-Data"] == '"cache"'
    assert (await browser.receipt()).heading == "受付番号の画面は閉じました"
    assert (await browser.form())["seed"] != typed["seed"]
    assert numbers(first)[0] != numbers(await browser.request())[0]
    assert len(counter.store.cases) == 2


@pytest.mark.parametrize("way", ["send", "check"])
@pytest.mark.parametrize("away", [False, True])
async def test_what_was_closed_is_neither_sent_twice_nor_shown(
    counter: Counter, browser: Browser, way: str, away: bool
):
    typed = {**await browser.form(), **ANSWERS}
    first = await browser.send(typed)
    await browser.ask("close_receipt", {"step": "finish"})
    counter.store.away = away

    page = await (browser.send(typed) if way == "send" else browser.check(typed))

    assert page.heading == "この内容は受け付け済みです"
    assert not set(numbers(first)) & set(re.findall(r"[0-9A-Z-]{8,}", page.text))
    assert list(counter.store.cases) == [numbers(first)[0]]
    assert not counter.queues.messages.get("requests-intake")


@pytest.mark.parametrize("way", ["check", "send", "mistake"])
async def test_other_content_closes_the_receipt_before_it(counter: Counter, browser: Browser, way: str):
    typed = await browser.form()
    first = await browser.send({**typed, **ANSWERS})
    others = {**typed, **OTHERS, **({"/answers/members": "0"} if way == "mistake" else {})}

    if way == "send":
        assert numbers(await browser.send(others)) != numbers(first)
    else:
        await browser.check(others)
        assert (await browser.receipt()).heading == "受付番号の画面は閉じました"

    assert (await browser.send({**typed, **ANSWERS})).heading == "この内容は受け付け済みです"


@pytest.mark.parametrize("way", ["check", "mistake", "another service"])
async def test_content_that_comes_back_after_other_content_ends_at_its_own_receipt(
    counter: Counter, browser: Browser, way: str
):
    first = await browser.request()
    typed = await browser.form()
    others = {**typed, **OTHERS, **({"/answers/members": "0"} if way == "mistake" else {})}
    await browser.ask("check_answers", others, service="blankets" if way == "another service" else "water")
    closed = await browser.receipt()

    again = await browser.request()

    assert "同じ内容をもう一度入力してください" in closed.text
    assert numbers(again) == numbers(first)
    assert list(counter.store.cases) == [numbers(first)[0]]


async def test_the_address_of_one_receipt_shows_no_other(browser: Browser):
    first = await browser.request()
    place = browser.place
    second = await browser.request(OTHERS)

    browser.place = place

    closed = await browser.receipt()
    assert closed.heading == "受付番号の画面は閉じました"
    assert numbers(second)[0] not in closed.text
    assert numbers(first)[0] not in closed.text


@pytest.mark.parametrize("step", ["finish", "another"])
async def test_a_page_of_a_request_that_is_loaded_again_after_the_end_asks_for_the_number(step: str):
    served.serve(served.app_over(PickupCounter(current())))
    browser = Browser()
    receipt = await browser.request()
    button = {name: values[0] for name, values in receipt.typed.items()} | {"step": "show"}
    shown = Page((await browser.ask("show_request", button)).get_body().decode())
    await browser.ask("close_receipt", {"step": step})

    again = [Page((await browser.ask("show_request", sent)).get_body().decode()) for sent in (button, one_each(shown))]

    assert numbers(receipt)[0] in shown.text
    for page in again:
        assert page.heading == "申請の状況を確かめる"
        assert "この端末での前の表示は終わりました" in page.text
        assert not set(numbers(receipt)) & {value for values in page.typed.values() for value in values}
    blank = one_each(Page((await browser.ask("ask_for_receipt")).get_body().decode()))
    typed = {**blank, "reference": numbers(receipt)[0], "accessCode": numbers(receipt)[1]}
    assert numbers(receipt)[0] in Page((await browser.ask("show_request", typed)).get_body().decode()).text


async def test_who_checks_other_content_reads_what_was_sent_before_and_that_this_is_another(
    counter: Counter, browser: Browser
):
    await browser.request()
    typed = await browser.form()

    same = await browser.check({**typed, **ANSWERS})
    other = await browser.check({**typed, **OTHERS})
    in_english = await browser.check(one_each(other), "en")

    assert "9時0分に、この端末から申請が送られています" in same.text
    assert "前と同じ受付番号" in same.text
    assert "9時0分に、この端末から申請が送られています" in other.text
    assert "別の申請になります" in other.text
    assert "it is another request" in in_english.text


async def test_the_form_says_that_something_was_sent_until_somebody_begins_anew(browser: Browser):
    await browser.request()
    left = Page((await browser.ask("show_form")).get_body().decode())

    await browser.ask("close_receipt", {"step": "another"})

    begun = Page((await browser.ask("show_form")).get_body().decode())
    assert "新しく始める" in left.text
    assert "新しく始める" not in begun.text


async def test_another_service_is_other_content(browser: Browser):
    await browser.request()

    await browser.ask("check_answers", {**await browser.form(), **ANSWERS}, service="blankets")

    assert (await browser.receipt()).heading == "受付番号の画面は閉じました"


async def test_a_browser_that_refuses_cookies_gets_its_receipt_at_once_and_the_same_again(counter: Counter):
    browser = Browser(refuses=True)
    checked = one_each(await browser.check({**await browser.form(), **ANSWERS}))

    first, again = await browser.send(checked), await browser.send(checked)

    assert numbers(first) == numbers(again)
    assert list(counter.store.cases) == [numbers(first)[0]]
    assert (await browser.receipt()).heading == "受付番号の画面は閉じました"


async def test_a_cookie_is_marked_secure_where_the_browser_speaks_https(counter: Counter):
    browser = Browser(scheme="https")
    answer = await browser.ask("show_form")

    assert re.match(r"__Host-draft=[^;]+;.*; Secure$", answer.headers["Set-Cookie"])
    assert numbers(await browser.request())


async def test_a_cookie_holds_nothing_of_a_person_and_no_access_code(browser: Browser):
    code = numbers(await browser.request())[1]
    content = browser.cookie.partition("=")[2].partition(".")[0]
    said = base64.urlsafe_b64decode(content + "===").decode()

    assert not [word for word in (code, "090", "花子", "members") if word in said]


async def test_the_form_gives_a_cookie_once_and_keeps_the_draft(browser: Browser):
    first = await browser.ask("show_form")
    second = await browser.ask("show_form", lang="en")

    assert "Set-Cookie" in first.headers
    assert "Set-Cookie" not in second.headers
    assert (await browser.form())["seed"] in first.get_body().decode()


async def test_whoever_opens_the_address_of_a_step_is_led_to_the_form(browser: Browser):
    answer = await browser.ask("lead_to_form", service="//else where\r\n窓")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/ja/services/%2F%2Felse%20where%0D%0A%E7%AA%93")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sent=st.text(max_size=3_000) | st.text(max_size=200).map("draft={}".format))
async def test_no_cookie_is_an_error(counter: Counter, sent: str):
    browser = Browser()
    for name in ("show_form", "check_answers", "send_request", "show_receipt", "close_receipt", "answer_form"):
        browser.cookie = sent
        await browser.ask(name, ANSWERS)


# Pages that were open while this version was deployed


@pytest.mark.parametrize("tried_in", ["ja", "en"])
async def test_what_a_page_of_the_version_before_sent_in_vain_meets_the_same_request(
    counter: Counter, browser: Browser, tried_in: str
):
    """Its key and its stored hash are made of the body with its language."""
    seed, typed = "a" * 32, {"version": "1", **ANSWERS}
    submission = Submission(
        service="water",
        answers={"members": 2},
        contact=Contact(phone=ANSWERS["/contact/phone"], name=ANSWERS["/contact/name"]),
        version=1,
        locale=tried_in,
    )
    key = key_for(seed, hash_with_language(submission), 0)
    receipt, _ = await counter.requests.submit(submission, key, None)
    known = counter.case(receipt)
    of_before = msgspec.structs.replace(known.request, body_hash=hash_with_language(submission))
    counter.store.cases[receipt.reference] = known.with_documents((of_before,))

    page = await browser.ask("answer_form", {"seed": seed, "step": "send", **typed}, lang=tried_in)

    assert receipt.reference in page.get_body().decode()
    assert list(counter.store.cases) == [receipt.reference]
    assert hash_of_body(submission) != of_before.body_hash


async def test_a_page_of_the_version_before_checks_at_its_address_and_is_led_on_by_the_new_ones(
    counter: Counter, browser: Browser
):
    checked = await browser.ask("answer_form", {"seed": "a" * 32, "step": "check", "version": "1", **ANSWERS})
    page = Page(checked.get_body().decode())

    receipt = await browser.send(one_each(page))

    assert [e.get("action") for e in page.all("form")] == ["/ja/services/water/send"]
    assert list(counter.store.cases) == [numbers(receipt)[0]]
