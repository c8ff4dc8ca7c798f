"""Rules over fields: answers are refused with a text, or, where a rule fails, taken and seen by a person."""

from typing import Any

import pytest

from functions.edge.problems import message
from functions.edge.texts import Texts
from services.errors import InvalidSubmission
from tests.counter import KEY, Counter, current, submission

NOT_YET = {
    "when": "has(answers.note) && answers.note > today",
    "field": "/note",
    "text": {"ja": "これからの日です。", "en": "This day is still to come."},
}
GROWING = "[answers.note]" + ".map(x, x+x+x+x+x+x+x+x+x+x)" * 7 + ".exists(y, y == 'a')"


def counter_with(rule: dict[str, Any]) -> Counter:
    return Counter(current(rules=[rule]))


@pytest.mark.parametrize(("language", "text"), [("ja", "これからの日です。"), ("en", "This day is still to come.")])
async def test_answers_that_a_rule_refuses_are_told_at_their_field_in_the_words_of_the_definition(
    language: str, text: str
):
    with pytest.raises(InvalidSubmission) as refusal:
        await counter_with(NOT_YET).submit(answers={"members": 2, "note": "2026-12-25"})

    [mistake] = refusal.value.mistakes
    assert (mistake.place, mistake.code) == ({"pointer": "/answers/note"}, "rule")
    assert message(mistake, refusal.value.form, Texts(language)) == text


async def test_today_is_the_day_in_japan():
    counter = counter_with(NOT_YET)
    counter.clock.now = "2026-11-24T15:00:00.000000Z"

    await counter.submit(answers={"members": 2, "note": "2026-11-25"})
    with pytest.raises(InvalidSubmission):
        await counter.submit("key-0000000000000000009", answers={"members": 2, "note": "2026-11-26"})


@pytest.mark.parametrize("when", ["answers.missing == 'a'", GROWING])
async def test_a_rule_that_fails_costs_no_receipt_and_a_person_gets_the_request(when: str):
    counter = counter_with({**NOT_YET, "when": when})

    receipt = await counter.submit(answers={"members": 2, "note": "x" * 100})
    await counter.run_workers()

    reasons = {task.route: task.reason for task in counter.case(receipt).tasks.values()}
    assert reasons["prepare"] is None
    assert reasons.get("unrouted") == "rule_failed"


async def test_a_route_whose_rule_would_grow_costs_no_receipt_and_a_person_gets_the_request():
    [first, *others] = current().edition.definition.routes
    known = {"id": first.id, "kind": first.kind, "team": first.team, "priority": first.priority, "dueIn": "P1D"}
    rest = [
        {"id": r.id, "kind": r.kind, "team": r.team, "priority": r.priority, "when": r.when, "dueIn": "P1D"}
        for r in others
    ]
    counter = Counter(current(routes=[{**known, "when": GROWING}, *rest]))

    receipt = await counter.submit(answers={"members": 2, "note": "x" * 100})
    await counter.run_workers()

    [task] = counter.case(receipt).tasks.values()
    assert (task.kind, task.reason) == ("review", "rule_failed")


async def test_a_repeat_of_what_was_taken_is_the_same_receipt_whatever_a_rule_says_today():
    counter = counter_with({**NOT_YET, "when": "today > '2026-11-23'"})
    first = await counter.submit()
    counter.clock.pass_(48 * 3600)

    receipt, how = await counter.requests.submit(submission(), KEY, None)

    assert (receipt.reference, how) == (first.reference, "repeated")


async def test_what_a_rule_refuses_goes_to_a_person_where_it_came_over_the_queue():
    counter = counter_with(NOT_YET)
    sent = {
        "idempotencyKey": KEY,
        "service": "water",
        "answers": {"members": 2, "note": "2026-12-25"},
        "contact": {"phone": "090-0000-0000"},
        "channel": "line",
        "receivedAt": counter.clock(),
    }
    await counter.queues.send("requests-intake", sent)
    await counter.run_workers()

    assert [task.reason for task in counter.store.tasks] == ["invalid"]
