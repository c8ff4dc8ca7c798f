from typing import Any

import pytest

from functions.edge import fields
from functions.edge.fields import Field, Group, Option
from functions.edge.texts import Texts

JA = Texts("ja")
SLOT_FORM: dict[str, Any] = {
    "type": "object",
    "properties": {"slot": {"type": "string", "x-options": "pickup-slots", "x-text": {"label": {"ja": "場所と時間"}}}},
}
SLOTS = (
    Option("", JA("options.pickup-slots.any")),
    Option("school.pickup-1", "10時から11時まで", group=Group("学校"), part="1日"),
    Option("school.pickup-2", "11時から12時まで", group=Group("学校"), part="1日"),
    Option("school.pickup-3", "10時から11時まで", group=Group("学校"), part="2日"),
    Option("gym.pickup-1", "10時から11時まで", group=Group("体育館"), part="1日"),
)


def slot_field(typed: list[str], slots: tuple[Option, ...] = SLOTS) -> Field:
    return fields.draw(SLOT_FORM, "/answers", JA, {"/answers/slot": typed}, {}, {"pickup-slots": slots}).fields[0]


def test_a_field_of_slots_offers_what_is_open_by_site_and_day():
    field = slot_field(["gym.pickup-1"])

    assert field.kind == "radios"
    numbered = [(group, part, [n for n, _ in options]) for group, parts in field.groups for part, options in parts]
    assert numbered == [
        (None, "", [0]),
        (Group("学校"), "1日", [1, 2]),
        (Group("学校"), "2日", [3]),
        (Group("体育館"), "1日", [4]),
    ]
    assert [o.value for o in field.options if o.chosen] == ["gym.pickup-1"]
    assert field.shown == "体育館 1日 10時から11時まで"


@pytest.mark.parametrize("typed", [[], [""]])
def test_without_a_choice_any_slot_is_chosen_and_no_answer_is_sent(typed: list[str]):
    field = slot_field(typed)

    assert [o.value for o in field.options if o.chosen] == [""]
    assert field.shown == JA("options.pickup-slots.any")
    assert fields.answers_in(SLOT_FORM, "/answers", {"/answers/slot": typed}) == {}


@pytest.mark.parametrize("slots", [SLOTS, ()])
def test_a_choice_that_is_not_offered_any_more_is_still_sent_and_said_to_be_unsure(slots: tuple[Option, ...]):
    gone = "school.pickup-0"

    assert slot_field([gone], slots).shown == JA("options.pickup-slots.unsure")
    assert fields.answers_in(SLOT_FORM, "/answers", {"/answers/slot": [gone]}) == {"slot": gone}
