"""The draft of a browser: what may be shown to it, and what nobody but us can write into its cookie."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.intake import drafts
from functions.intake.drafts import Draft, Open
from services import times

SECRET = b"secret of the drafts of the tests"
NOW = "2026-11-23T00:00:00.000000Z"
BODY, OTHER = "hash of a body", "hash of another"
DRAFT = "draft-of-this-browser-000000000000"
MARK = drafts.mark_of(SECRET, DRAFT, BODY)


def begun() -> Draft:
    return Draft(id=DRAFT)


def receipt(draft: Draft, body: str = BODY, **changes: Any) -> Open:
    fields: dict[str, Any] = {
        "seed": draft.id,
        "mark": drafts.mark_of(SECRET, draft.id, body),
        "service": "water",
        "reference": "K7M2-QX9P-D4TB",
        "version": 1,
        "received_at": NOW,
        "until": drafts.until(NOW),
        "status": "accepted",
        "how": "created",
    }
    return Open(**{**fields, **changes})


def sent(body: str = BODY) -> Draft:
    return drafts.opened(begun(), receipt(begun(), body))


def header(draft: Draft, *, is_secure: bool = False) -> str:
    """Return what a browser sends back."""
    return drafts.cookie(draft, SECRET, is_secure=is_secure).partition(";")[0]


def read(header: str) -> Draft | None:
    return drafts.read(header, SECRET, is_secure=False)


def test_what_is_written_is_read_beside_cookies_of_others():
    assert read(f"a=b; {header(sent())}; c") == sent()


def test_no_script_reads_it_and_no_other_site_sends_it_with_a_form():
    plain, secure = (drafts.cookie(begun(), SECRET, is_secure=one) for one in (False, True))

    assert plain.endswith("; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax")
    assert secure.startswith("__Host-draft=")
    assert secure.endswith("; HttpOnly; SameSite=Lax; Secure")


def test_a_cookie_that_any_host_could_set_is_none_where_browsers_speak_https():
    assert drafts.read(header(sent()), SECRET, is_secure=True) is None
    assert drafts.read(header(sent(), is_secure=True), SECRET, is_secure=True) == sent()


def test_the_largest_is_read_and_fits_a_cookie():
    full = drafts.opened(begun(), receipt(begun(), service="s" * 60))
    aside = (receipt(begun(), service="s" * 60),) * drafts.MOST_ASIDE
    full = msgspec.structs.replace(full, earlier=NOW, aside=aside, closed=("x" * 8,) * drafts.MOST_CLOSED)

    assert read(header(full)) == full
    assert len(drafts.cookie(full, SECRET, is_secure=True)) < 4_000


@pytest.mark.parametrize("at", range(0, 300, 7))
def test_one_that_was_changed_is_none(at: int):
    good = header(sent()).removeprefix("draft=")

    assert read(f"draft={good[:at]}{'A' if good[at] != 'A' else 'B'}{good[at + 1 :]}") is None


def test_one_under_another_secret_is_none():
    assert drafts.read(header(sent()), b"another secret", is_secure=False) is None


@given(st.text() | st.binary().map(lambda raw: f"draft={raw.decode('latin-1')}") | st.text().map("draft={}".format))
def test_whatever_a_browser_sends_is_a_draft_of_ours_or_none(header: str):
    assert read(header) is None


def test_a_body_is_new_then_that_of_the_open_receipt_then_that_of_a_closed_one():
    mark = drafts.mark_of(SECRET, begun().id, BODY)

    assert drafts.judged(None, mark) == drafts.judged(begun(), mark) == "new"
    assert drafts.judged(sent(), mark) == "same"
    assert drafts.judged(drafts.closed(sent(), SECRET), mark) == "closed"


def test_the_same_content_keeps_receipt_and_seed():
    assert drafts.checked(sent(), SECRET, begun().id, BODY) == ("same", begun().id, sent())


def test_other_content_closes_the_receipt_and_goes_under_the_next_draft():
    verdict, seed, following = drafts.checked(sent(), SECRET, begun().id, OTHER)

    assert (verdict, following.receipt, following.earlier) == ("new", None, NOW)
    assert seed == following.id != begun().id
    assert drafts.checked(following, SECRET, begun().id, BODY)[0] == "closed"


def test_content_of_a_page_of_an_ended_draft_goes_under_the_draft_of_now():
    following = drafts.closed(sent(), SECRET)

    assert drafts.checked(following, SECRET, begun().id, OTHER) == ("new", following.id, following)


def test_the_same_content_under_the_next_draft_is_another_request():
    following = drafts.closed(sent(), SECRET)

    assert drafts.checked(following, SECRET, following.id, BODY)[:2] == ("new", following.id)


def test_closing_that_is_repeated_since_its_answer_was_lost_ends_at_the_same_draft():
    assert drafts.closed(sent(), SECRET) == drafts.closed(sent(), SECRET)
    assert drafts.closed(sent(), SECRET).id not in (begun().id, drafts.closed(sent(OTHER), SECRET).id)


def test_as_many_closed_receipts_are_remembered_as_a_tab_has_pages_for():
    draft, seeds = begun(), []
    for _ in range(drafts.MOST_CLOSED + 1):
        seeds.append(draft.id)
        draft = drafts.closed(drafts.opened(draft, receipt(draft)), SECRET)

    verdicts = [drafts.judged(draft, drafts.mark_of(SECRET, seed, BODY)) for seed in seeds]

    assert verdicts == ["new", *["closed"] * drafts.MOST_CLOSED]


@pytest.mark.parametrize(("seconds", "opens"), [(0, True), (29 * 60 + 59, True), (30 * 60, False)])
def test_a_receipt_opens_for_thirty_minutes(seconds: int, opens: bool):
    assert (drafts.open_receipt(sent(), "water", MARK, times.later(NOW, seconds)) is not None) == opens


def test_a_receipt_opens_at_its_own_service_alone():
    assert drafts.open_receipt(sent(), "blankets", MARK, NOW) is None
    assert drafts.open_receipt(None, "water", MARK, NOW) is None


def test_an_address_of_one_receipt_opens_no_other():
    assert drafts.open_receipt(sent(), "water", MARK, NOW) is not None
    assert drafts.open_receipt(sent(OTHER), "water", MARK, NOW) is None
    assert drafts.open_receipt(sent(), "water", "", NOW) is None


def test_content_that_is_typed_again_after_other_content_opens_its_own_receipt():
    other = drafts.checked(sent(), SECRET, begun().id, OTHER)[2]

    verdict, seed, again = drafts.checked(other, SECRET, other.id, BODY)

    assert (verdict, seed, again.receipt, again.aside) == ("same", begun().id, sent().receipt, ())
    assert drafts.judged(again, drafts.mark_of(SECRET, seed, BODY)) == "same"


def test_content_of_a_kept_page_opens_nothing_once_other_content_was_checked():
    other = drafts.checked(sent(), SECRET, begun().id, OTHER)[2]

    assert drafts.checked(other, SECRET, begun().id, BODY)[0] == "closed"


@pytest.mark.parametrize("is_aside", [False, True])
def test_nothing_that_was_put_aside_opens_again_after_the_end(is_aside: bool):
    draft = drafts.beside(sent(), SECRET) if is_aside else sent()

    ended = drafts.closed(draft, SECRET)

    assert ended.aside == ()
    assert drafts.checked(ended, SECRET, ended.id, BODY)[0] == "new"


def test_a_page_of_a_draft_that_ended_is_told_from_one_of_now_and_from_one_that_knows_none():
    held = drafts.held_by(sent(), SECRET)

    assert not drafts.has_ended(sent(), SECRET, held)
    assert drafts.has_ended(drafts.closed(sent(), SECRET), SECRET, held)
    assert not drafts.has_ended(sent(), SECRET, "")
    assert not drafts.has_ended(None, SECRET, held)


def test_when_something_was_sent_is_told_until_somebody_says_that_it_was_the_end():
    other = drafts.beside(sent(), SECRET)

    assert drafts.sent_before(sent()) == drafts.sent_before(other) == NOW
    assert drafts.sent_before(drafts.closed(other, SECRET)) is None
    assert drafts.sent_before(None) is drafts.sent_before(begun()) is None
