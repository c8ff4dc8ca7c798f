from collections.abc import Mapping
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services import times
from services.pickup.sharing.split_rules import Because, Rule, Share, Split, Total, Want, split

MORNING = "2026-03-11T00:00:00.000000Z"
RULES: tuple[Rule, ...] = get_args(Rule.__value__)
ITEMS = ("water", "food", "blanket")

for_each_rule = settings(max_examples=settings.default.max_examples // 2)
"""Tests of four rules search half as long for each."""
every_rule = pytest.mark.parametrize("rule", RULES)


def want(reference: str, minute: int, water: int, *, members: int = 1, flagged: int = 0, **lines: int) -> Want:
    return Want(
        reference=reference,
        since=times.later(MORNING, minute * 60.0),
        members=members,
        flagged=flagged,
        lines={"water": water} | lines,
    )


def water(result: Split) -> dict[str, int]:
    return {share.reference: share.granted.get("water", 0) for share in result.shares}


def because(result: Split) -> dict[str, Because]:
    return {share.reference: share.because for share in result.shares}


SATO = want("SATO", 0, 6, members=1)
SUZUKI = want("SUZUKI", 10, 12, members=4)
TANAKA = want("TANAKA", 20, 6, members=2, flagged=1)
THREE = [SATO, SUZUKI, TANAKA]


def test_where_there_is_enough_everybody_is_served_whole():
    for rule in RULES:
        result = split(THREE, {"water": 30}, rule)

        assert water(result) == {"SATO": 6, "SUZUKI": 12, "TANAKA": 6}
        assert set(because(result).values()) == {"served"}
        assert (result.served_whole, result.served_in_part, result.not_served) == (3, 0, 0)
        assert result.totals == {"water": Total(wanted=24, granted=24, left=6)}


def test_first_come_serves_in_order_of_arrival_until_the_stock_is_gone():
    result = split(THREE, {"water": 14}, "first_come")

    assert water(result) == {"SATO": 6, "SUZUKI": 8, "TANAKA": 0}
    assert because(result) == {"SATO": "served", "SUZUKI": "came_later", "TANAKA": "came_later"}
    assert (result.served_whole, result.served_in_part, result.not_served) == (1, 1, 1)


def test_equal_share_gives_everybody_the_same_and_the_last_units_to_who_came_first():
    assert water(split(THREE, {"water": 14}, "equal_share")) == {"SATO": 5, "SUZUKI": 5, "TANAKA": 4}


def test_equal_share_passes_on_what_a_small_want_leaves():
    result = split([want("SMALL", 30, 1), *THREE], {"water": 14}, "equal_share")

    assert water(result) == {"SATO": 5, "SUZUKI": 4, "TANAKA": 4, "SMALL": 1}
    assert because(result) == {
        "SATO": "equal_share",
        "SUZUKI": "equal_share",
        "TANAKA": "equal_share",
        "SMALL": "served",
    }


def test_by_members_gives_a_household_of_four_four_times_that_of_one():
    result = split(THREE, {"water": 14}, "by_members")

    assert water(result) == {"SATO": 2, "SUZUKI": 8, "TANAKA": 4}
    assert set(because(result).values()) == {"by_members"}


def test_by_members_gives_the_last_units_to_who_is_nearest_to_one_more():
    """15 units for 7 members: 2.14, 8.57 and 4.29."""
    assert water(split(THREE, {"water": 15}, "by_members")) == {"SATO": 2, "SUZUKI": 9, "TANAKA": 4}


def test_by_members_passes_on_what_is_not_wanted():
    """22 units for 7 members: 12.57 for SUZUKI, who wants 12; the other 10 are shared by 1 and 2 members."""
    assert water(split(THREE, {"water": 22}, "by_members")) == {"SATO": 4, "SUZUKI": 12, "TANAKA": 6}


def test_flagged_first_serves_households_in_need_of_care_before_the_others():
    result = split(THREE, {"water": 14}, "flagged_first")

    assert water(result) == {"SATO": 6, "SUZUKI": 2, "TANAKA": 6}
    assert because(result) == {"SATO": "served", "SUZUKI": "flagged_first", "TANAKA": "served"}


def test_flagged_first_serves_households_in_need_of_care_in_order_of_arrival():
    late = want("LATE", 30, 6, flagged=3)

    result = split([*THREE, late], {"water": 8}, "flagged_first")

    assert water(result) == {"SATO": 0, "SUZUKI": 0, "TANAKA": 6, "LATE": 2}
    assert because(result)["LATE"] == "came_later"


def test_nobody_is_told_that_others_were_first_who_wanted_nothing_of_it():
    blankets_only = want("BLANKETS", 0, 0, flagged=1, blanket=1)

    result = split([SATO, SUZUKI, blankets_only], {"water": 14, "blanket": 1}, "flagged_first")

    assert because(result) == {"BLANKETS": "served", "SATO": "served", "SUZUKI": "came_later"}


@every_rule
def test_nobody_is_told_that_others_had_it_where_there_was_none(rule: Rule):
    result = split([want("SATO", 0, 2, food=3), want("SUZUKI", 1, 0, food=3)], {"water": 2}, rule)

    assert because(result) == {"SATO": "out_of_stock", "SUZUKI": "out_of_stock"}
    assert (result.served_whole, result.served_in_part, result.not_served) == (0, 1, 1)


@every_rule
def test_who_comes_at_the_same_time_goes_by_the_reference(rule: Rule):
    result = split([want("B", 0, 1), want("C", 0, 1), want("A", 0, 1)], {"water": 2}, rule)

    assert water(result) == {"A": 1, "B": 1, "C": 0}


@every_rule
def test_each_item_is_split_for_itself(rule: Rule):
    result = split([want("A", 0, 6, food=1), want("B", 1, 6)], {"water": 6, "food": 5}, rule)

    assert result.totals["food"] == Total(wanted=1, granted=1, left=4)
    assert result.totals["water"] == Total(wanted=12, granted=6, left=0)
    assert result.shares[0].granted["food"] == 1


@every_rule
def test_a_stock_below_nothing_is_none(rule: Rule):
    result = split([want("A", 0, 6), want("B", 1, 6)], {"water": -3}, rule)

    assert water(result) == {"A": 0, "B": 0}
    assert result.totals == {"water": Total(wanted=12, granted=0, left=0)}


@every_rule
def test_no_wants_make_an_empty_preview(rule: Rule):
    result = split([], {"water": 6}, rule)

    assert (result.shares, result.totals) == ((), {"water": Total(wanted=0, granted=0, left=6)})


@every_rule
def test_a_household_without_members_is_counted_as_one(rule: Rule):
    assert water(split([want("A", 0, 6, members=0)], {"water": 4}, rule)) == {"A": 4}


some_wants = st.lists(
    st.builds(
        want,
        reference=st.text("ABCDEF", min_size=1, max_size=3),
        minute=st.integers(0, 3),
        water=st.integers(0, 12),
        members=st.integers(1, 8),
        flagged=st.integers(0, 2),
        food=st.integers(0, 12),
    ),
    max_size=9,
    unique_by=lambda w: w.reference,
)
some_stock = st.dictionaries(st.sampled_from(ITEMS), st.integers(0, 60))
short_water = st.integers(0, 40).map(lambda units: {"water": units})


def arrival(w: Want) -> tuple[str, str]:
    return w.since, w.reference


def pairs(wants: list[Want], stock: Mapping[str, int], rule: Rule) -> list[tuple[Want, int, Want, int]]:
    """Return every two households, with their water, where the first got less than it wants."""
    got = water(split(wants, stock, rule))
    short = [w for w in wants if got[w.reference] < w.lines["water"]]
    return [(a, got[a.reference], b, got[b.reference]) for a in short for b in wants if a is not b]


@every_rule
@for_each_rule
@given(some_wants, some_stock)
def test_never_more_than_the_stock_never_more_than_wanted_and_nothing_left_while_someone_wants_it(
    rule: Rule, wants: list[Want], stock: dict[str, int]
):
    result = split(wants, stock, rule)

    for item in {*ITEMS, *stock}:
        granted = sum(share.granted.get(item, 0) for share in result.shares)
        assert granted == min(stock.get(item, 0), sum(w.lines.get(item, 0) for w in wants))
        if item in result.totals:
            assert result.totals[item].granted == granted
            assert result.totals[item].left == stock.get(item, 0) - granted


@every_rule
@for_each_rule
@given(some_wants, some_stock)
def test_what_a_household_gets_and_what_it_misses_is_what_it_wants(rule: Rule, wants: list[Want], stock: dict):
    shares = {share.reference: share for share in split(wants, stock, rule).shares}

    assert len(shares) == len(wants)
    for w in wants:
        share = shares[w.reference]
        assert all(units > 0 for units in (*share.granted.values(), *share.missing.values()))
        for item in ITEMS:
            assert share.granted.get(item, 0) + share.missing.get(item, 0) == w.lines.get(item, 0)


@every_rule
@for_each_rule
@given(some_wants, some_stock, st.randoms())
def test_the_order_of_the_input_makes_no_difference(rule: Rule, wants: list[Want], stock: dict, random: Any):
    mixed = random.sample(wants, len(wants))

    assert split(mixed, stock, rule) == split(wants, stock, rule)


@every_rule
@for_each_rule
@given(some_wants, some_stock)
def test_everybody_is_counted_once(rule: Rule, wants: list[Want], stock: dict[str, int]):
    result = split(wants, stock, rule)

    def count(holds: Any) -> int:
        return sum(1 for share in result.shares if holds(share))

    assert result.served_whole == count(lambda s: not s.missing) == count(lambda s: s.because == "served")
    assert result.served_in_part == count(lambda s: s.missing and s.granted)
    assert result.not_served == count(lambda s: s.missing and not s.granted)


@every_rule
@for_each_rule
@given(some_wants, some_stock)
def test_the_reason_that_is_given_is_true(rule: Rule, wants: list[Want], stock: dict[str, int]):
    result = split(wants, stock, rule)
    by_reference = {w.reference: w for w in wants}

    def others_with_some(share: Share) -> list[Want]:
        others = [s for s in result.shares if s is not share and set(s.granted) & set(share.missing)]
        return [by_reference[s.reference] for s in others]

    for share in result.shares:
        me, others = by_reference[share.reference], others_with_some(share)
        match share.because:
            case "served":
                assert not share.missing
            case "out_of_stock":
                assert share.missing
                assert others == []
            case "came_later":
                assert rule in ("first_come", "flagged_first")
                assert any(arrival(other) < arrival(me) for other in others)
            case "flagged_first":
                assert rule == "flagged_first"
                assert me.flagged == 0
                assert any(other.flagged for other in others)
            case itself:
                assert rule == itself
                assert others


@for_each_rule
@given(some_wants, short_water)
def test_first_come_gives_nobody_anything_while_someone_earlier_goes_short(wants: list[Want], stock: dict):
    for short, _, other, got in pairs(wants, stock, "first_come"):
        assert got == 0 or arrival(other) < arrival(short)


@for_each_rule
@given(some_wants, short_water)
def test_flagged_first_gives_nobody_anything_while_someone_before_them_goes_short(wants: list[Want], stock: dict):
    for short, _, other, got in pairs(wants, stock, "flagged_first"):
        assert got == 0 or (other.flagged == 0, *arrival(other)) < (short.flagged == 0, *arrival(short))


@for_each_rule
@given(some_wants, short_water)
def test_equal_share_gives_nobody_more_than_one_unit_above_who_goes_short(wants: list[Want], stock: dict):
    for short, less, other, got in pairs(wants, stock, "equal_share"):
        assert got <= less or (got == less + 1 and arrival(other) < arrival(short))


@for_each_rule
@given(some_wants, short_water)
def test_by_members_gives_no_member_more_than_the_rounding_above_who_goes_short(wants: list[Want], stock: dict):
    for short, less, other, got in pairs(wants, stock, "by_members"):
        assert (got - 1) * short.members < (less + 1) * other.members


@for_each_rule
@given(some_wants, short_water)
def test_by_members_gives_at_least_the_proportional_part_rounded_down_or_what_is_wanted(wants: list[Want], stock: dict):
    wants = [w for w in wants if w.lines["water"]]
    members = sum(w.members for w in wants)
    got = water(split(wants, stock, "by_members"))

    for w in wants:
        assert got[w.reference] >= min(w.lines["water"], stock["water"] * w.members // members)


@for_each_rule
@given(some_wants, short_water)
def test_by_members_is_the_largest_remainder_where_nobody_wants_less(wants: list[Want], stock: dict):
    greedy = [want(w.reference, 0, 100, members=w.members) for w in wants]
    members = sum(w.members for w in greedy)
    got = water(split(greedy, stock, "by_members"))

    parts = {w.reference: divmod(stock["water"] * w.members, members) for w in greedy}
    rounded_up = {r for r, (floor, _) in parts.items() if got[r] == floor + 1}
    assert all(got[r] == floor + (r in rounded_up) for r, (floor, _) in parts.items())
    assert all((-parts[up][1], up) < (-parts[down][1], down) for up in rounded_up for down in set(got) - rounded_up)


@pytest.mark.parametrize("rule", ["first_come", "equal_share", "flagged_first"])
@for_each_rule
@given(some_wants, short_water)
def test_one_unit_more_takes_nothing_from_anybody(rule: Rule, wants: list[Want], stock: dict):
    before = water(split(wants, stock, rule))

    after = water(split(wants, {"water": stock["water"] + 1}, rule))

    assert all(after[reference] >= units for reference, units in before.items())
