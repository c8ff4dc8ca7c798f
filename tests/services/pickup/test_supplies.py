from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.pickup.entitlement import supplies as rules
from services.pickup.entitlement.supplies import Item, Period, Policy, Supplies, entitlement, lines_for

DAILY = Policy(id="daily", title={"ja": "1日1回"}, period=Period(calendar="day"))
MILK = {"per_household": 0, "per_flagged": {"infants": 2}}


def item(id_: str = "water", **changes: Any) -> Item:
    return Item(
        **{"id": id_, "title": {"ja": "物資"}, "unit": {"ja": "個"}, "policy": "daily", "per_household": 1} | changes
    )


def supplies(*items: Item, policies: tuple[Policy, ...] = (DAILY,)) -> Supplies:
    return Supplies(items=items, policies=policies)


def policy(**changes: Any) -> Policy:
    return msgspec.structs.replace(DAILY, **changes)


def test_a_household_is_due_units_for_itself_for_each_member_and_for_each_flagged_member():
    towels = item(per_household=1, per_member=2, per_flagged={"infants": 3, "care": 5})

    assert entitlement(towels, 4, {}) == 1 + 2 * 4
    assert entitlement(towels, 4, {"infants": 2, "elderly": 1}) == 1 + 2 * 4 + 3 * 2
    assert entitlement(towels, 4, {"infants": 1, "care": 1}) == 1 + 2 * 4 + 3 + 5


def test_a_household_is_due_no_more_than_the_most_of_an_item():
    assert entitlement(item(per_member=1, most=4), 3, {}) == 4
    assert entitlement(item(per_member=1, most=4), 12, {}) == 4


@pytest.mark.parametrize(("said", "counted"), [(0, 1), (-3, 1), (1, 1), (100, 100), (200, 100)])
def test_a_household_counts_1_to_100_members(said: int, counted: int):
    assert entitlement(item(per_household=0, per_member=1), said, {}) == counted


@pytest.mark.parametrize(("said", "counted"), [(-1, 0), (0, 0), (2, 2), (9, 2)])
def test_no_more_members_are_flagged_than_there_are(said: int, counted: int):
    assert entitlement(item(**MILK), 2, {"infants": said}) == 2 * counted


def test_lines_are_the_items_asked_for_each_once():
    known = supplies(item("water", per_member=3), item("food"), item("blanket"))

    assert lines_for(known, ["food", "water", "food"], 2, {}) == {"food": 1, "water": 7}


def test_what_is_unknown_or_not_for_this_household_is_no_line():
    known = supplies(item("water"), item("milk", **MILK))

    assert lines_for(known, ["water", "milk", "caviar"], 3, {}) == {"water": 1}
    assert lines_for(known, ["water", "milk", "caviar"], 3, {"infants": 1}) == {"water": 1, "milk": 2}


def test_a_kit_is_one_line():
    known = supplies(item("water"), item("towel"), item("kit", contents={"water": 6, "towel": 2}))

    assert rules.problems(known) == ()
    assert lines_for(known, ["kit"], 5, {}) == {"kit": 1}


@given(
    st.integers(-5, 300),
    st.dictionaries(st.sampled_from([*rules.FLAGS, "other"]), st.integers(-5, 300)),
    st.builds(
        item,
        per_household=st.integers(0, 9),
        per_member=st.integers(0, 9),
        per_flagged=st.dictionaries(st.sampled_from(rules.FLAGS), st.integers(0, 9)),
        most=st.none() | st.integers(0, 99),
    ),
)
def test_whatever_a_household_says_its_lines_are_positive_and_bounded(members: int, flagged: dict, thing: Item):
    units = lines_for(supplies(thing), [thing.id], members, flagged).get(thing.id, 0)

    assert 0 <= units <= (9 + 4 * 9 * 100 if thing.most is None else thing.most)
    assert thing.id not in lines_for(supplies(thing), [thing.id], members, flagged) or units > 0


def test_the_code_of_an_item_is_its_id_unless_it_has_one():
    assert item("water").code == "water"
    assert item("water", code="W-500").code == "W-500"
    assert msgspec.convert(msgspec.to_builtins(item("water", code="W-500")), Item).code == "W-500"


def test_items_and_policies_are_found_by_their_ids():
    known = supplies(item("water"), item("food"))

    assert known.item("food") == item("food")
    assert known.policy("daily") == DAILY
    assert (known.item("daily"), known.policy("food")) == (None, None)


def test_a_field_that_nobody_knows_is_refused():
    with pytest.raises(msgspec.ValidationError, match="perMembers"):
        msgspec.convert(msgspec.to_builtins(item()) | {"perMembers": 2}, Item)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (supplies(), ".items: 1つは必要です"),
        (supplies(item(policy="weekly")), ".items[0].policy: 「weekly」は policies にありません"),
        (supplies(item(), item(code="other")), ".items[1].id: 「water」が2度使われています"),
        (supplies(item(), item("food", code="water")), ".items[1].code: 「water」が2度使われています"),
        (supplies(item(), policies=(DAILY, DAILY)), ".policies[1].id: 「daily」が2度使われています"),
        (
            supplies(item("Water")),
            ".items[0].id: 英字と数字だけ、32文字まで、初めは小文字にします（今は「Water」）",
        ),
        (
            supplies(item("w" * 33)),
            f".items[0].id: 英字と数字だけ、32文字まで、初めは小文字にします（今は「{'w' * 33}」）",
        ),
        (
            supplies(item(policy="Daily"), policies=(policy(id="Daily"),)),
            ".policies[0].id: 小文字、数字、1つずつのハイフンだけ、40文字まで、初めは小文字にします（今は「Daily」）",
        ),
        (supplies(item(title={"en": "Water"})), ".items[0].title.ja: 日本語の文が必要です"),
        (supplies(item(unit={"ja": "　"})), ".items[0].unit.ja: 日本語の文が必要です"),
        (
            supplies(item(), policies=(policy(title={}),)),
            ".policies[0].title.ja: 日本語の文が必要です",
        ),
        (supplies(item(per_household=10_001)), ".items[0].perHousehold: 0から10000までにします"),
        (supplies(item(per_member=-1, per_household=200)), ".items[0].perMember: 0から10000までにします"),
        (supplies(item(low_at=-1)), ".items[0].lowAt: 0から10000までにします"),
        (supplies(item(most=10_001)), ".items[0].most: 0から10000までにします"),
        (
            supplies(item(per_flagged={"care": -1}, per_household=200)),
            ".items[0].perFlagged.care: 0から10000までにします",
        ),
        (
            supplies(item(per_flagged={"infant": 1})),
            ".items[0].perFlagged.infant: infants, elderly, care のどれかにします",
        ),
        (supplies(item(per_household=0)), ".items[0]: だれにも渡されません"),
        (supplies(item(most=0)), ".items[0]: だれにも渡されません"),
        (supplies(item("kit", contents={"towel": 1})), ".items[0].contents.towel: 「towel」という品目はありません"),
        (supplies(item("kit", contents={"kit": 1})), ".items[0].contents.kit: 「kit」も詰め合わせです"),
        (
            supplies(item("kit", contents={"water": 0}), item()),
            ".items[0].contents.water: 1から10000までにします",
        ),
        (supplies(item(), policies=(policy(limit=0),)), ".policies[0].limit: 1から10000までにします"),
        (
            supplies(item(), policies=(policy(period=Period()),)),
            ".policies[0].period: rolling か calendar の、どちらか1つにします",
        ),
        (
            supplies(item(), policies=(policy(period=Period(calendar="day", rolling=timedelta(1))),)),
            ".policies[0].period: rolling か calendar の、どちらか1つにします",
        ),
        (
            supplies(item(), policies=(policy(period=Period(rolling=timedelta(0))),)),
            ".policies[0].period.rolling: 0より長く、366日（P366D）までにします",
        ),
        (
            supplies(item(), policies=(policy(period=Period(rolling=timedelta(367))),)),
            ".policies[0].period.rolling: 0より長く、366日（P366D）までにします",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_supplies_that_cannot_be_used_say_why(wrong: Supplies, problem: str):
    assert rules.problems(wrong) == (problem,)


def test_every_problem_is_told_at_once():
    wrong = supplies(item(title={}, policy="weekly"), item("Food", per_member=-1))

    assert len(rules.problems(wrong)) >= 4


def test_an_item_may_be_there_for_kits_only():
    known = supplies(item("towel", per_household=0), item("kit", contents={"towel": 2}))

    assert rules.problems(known) == ()
    assert lines_for(known, ["towel", "kit"], 1, {}) == {"kit": 1}


def test_a_policy_may_hold_for_the_whole_emergency():
    assert rules.problems(supplies(item(), policies=(policy(period=None),))) == ()
