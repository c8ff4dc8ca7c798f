"""Who gets what when there is not enough: a preview of each rule, for the supplies officer to choose from."""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import msgspec

from services.times import Instant

type Rule = Literal["first_come", "equal_share", "by_members", "flagged_first"]
type Because = Literal["served", "out_of_stock", "came_later", "flagged_first", "equal_share", "by_members"]
"""Why a household gets what it gets.

`served`: everything. `out_of_stock`: nobody else got any of what it misses. `came_later`: those who came before had it.
`flagged_first`: households with 要配慮者 were first. `equal_share`: all got the same at most. `by_members`: all got the
same for each member at most.
"""


class Want(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Say what a household is due (units by item), since when it waits, and how many of its members are 要配慮者."""

    reference: str
    since: Instant
    members: int
    lines: dict[str, int]
    flagged: int = 0


class Share(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Say what a household would get and miss, in units by item, and why."""

    reference: str
    granted: dict[str, int]
    missing: dict[str, int]
    because: Because


class Total(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Add up one item, in units."""

    wanted: int
    granted: int
    left: int


class Split(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Preview a rule: shares in order of arrival, totals by item, and how many households are served how far."""

    rule: Rule
    shares: tuple[Share, ...]
    totals: dict[str, Total]
    served_whole: int
    served_in_part: int
    not_served: int


class Decision(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="split"):
    """Record which rule split a slot, and what each household was granted by it and why; nothing changes it.

    `operation` is the id under which it was decided, `basis` the digest of what the officer saw.
    """

    id: str
    site_id: str
    slot: str
    operation: str
    rule: Rule
    reason: str
    by: str
    by_id: str | None = None
    at: Instant
    basis: str
    shares: tuple[Share, ...]


type _Wants = list[tuple[Want, int]]
"""Who wants one item, in order of arrival, and how many units."""


def split(wants: Iterable[Want], stock: Mapping[str, int], rule: Rule) -> Split:
    """Share the stock among households, each with a reference of its own, item by item and in whole units.

    Whoever came first is first, then the smaller reference, wherever the rule leaves a choice.
    """
    ordered = sorted(wants, key=lambda want: (want.since, want.reference))
    items = sorted({item for want in ordered for item in want.lines} | set(stock))
    granted = {item: _of_item(item, ordered, stock, rule) for item in items}
    totals = {item: _total(item, ordered, stock, granted[item]) for item in items}
    sought_by_flagged = {
        item for want in ordered if want.flagged > 0 for item, units in want.lines.items() if units > 0
    }
    shares = tuple(_share(want, granted, totals, rule, sought_by_flagged) for want in ordered)
    whole = sum(not share.missing for share in shares)
    nothing = sum(bool(share.missing) and not share.granted for share in shares)
    return Split(
        rule=rule,
        shares=shares,
        totals=totals,
        served_whole=whole,
        served_in_part=len(shares) - whole - nothing,
        not_served=nothing,
    )


def basis_of(slot: str, wants: Iterable[Want], stock: Mapping[str, int], places: int) -> str:
    """Return a digest of everything that a split of a slot depends on."""
    ordered = sorted(wants, key=lambda want: (want.since, want.reference))
    seen = msgspec.json.encode((slot, ordered, stock, places), order="sorted")
    return hashlib.sha256(seen).hexdigest()[:32]


def decision_id(slot: str) -> str:
    """Return the id of the one decision on a slot."""
    return f"split.{slot}"


def _of_item(item: str, ordered: list[Want], stock: Mapping[str, int], rule: Rule) -> dict[str, int]:
    wants = [(want, want.lines[item]) for want in ordered if want.lines.get(item, 0) > 0]
    return _RULES[rule](wants, max(stock.get(item, 0), 0))


def _in_order(wants: _Wants, stock: int) -> dict[str, int]:
    granted = {}
    for want, units in wants:
        granted[want.reference] = min(units, stock)
        stock -= granted[want.reference]
    return granted


def _flagged_first(wants: _Wants, stock: int) -> dict[str, int]:
    return _in_order(sorted(wants, key=lambda pair: pair[0].flagged <= 0), stock)


def _equal_share(wants: _Wants, stock: int) -> dict[str, int]:
    """Raise all to the highest equal level that the stock allows (max-min fairness).

    The last units, too few for another level, go to those who came first.
    """
    levels = range(max((units for _, units in wants), default=0) + 1)
    level = bisect_right(levels, stock, key=lambda level: sum(min(units, level) for _, units in wants)) - 1
    granted = {want.reference: min(units, level) for want, units in wants}
    above = [want.reference for want, units in wants if units > level]
    for reference in above[: stock - sum(granted.values())]:
        granted[reference] += 1
    return granted


def _by_members(wants: _Wants, stock: int) -> dict[str, int]:
    """Share by members; who needs less than that is served whole, and the rest is shared among the others."""
    granted: dict[str, int] = {}
    while wants:
        members = sum(_members(want) for want, _ in wants)
        whole = [(want, units) for want, units in wants if units * members <= stock * _members(want)]
        if not whole:
            return granted | _largest_remainder([want for want, _ in wants], stock, members)
        granted |= {want.reference: units for want, units in whole}
        wants = [(want, units) for want, units in wants if want.reference not in granted]
        stock -= sum(units for _, units in whole)
    return granted


def _largest_remainder(wants: list[Want], stock: int, members: int) -> dict[str, int]:
    granted = {want.reference: stock * _members(want) // members for want in wants}
    nearest = sorted(wants, key=lambda want: -(stock * _members(want) % members))
    for want in nearest[: stock - sum(granted.values())]:
        granted[want.reference] += 1
    return granted


def _members(want: Want) -> int:
    return max(want.members, 1)


_RULES: dict[Rule, Callable[[_Wants, int], dict[str, int]]] = {
    "first_come": _in_order,
    "equal_share": _equal_share,
    "by_members": _by_members,
    "flagged_first": _flagged_first,
}


def _share(
    want: Want, granted: dict[str, dict[str, int]], totals: dict[str, Total], rule: Rule, sought_by_flagged: set[str]
) -> Share:
    wanted = {item: units for item, units in sorted(want.lines.items()) if units > 0}
    got = {item: granted[item][want.reference] for item in wanted}
    missing = {item: units - got[item] for item, units in wanted.items() if units > got[item]}
    others_got = any(totals[item].granted > got[item] for item in missing)
    behind_flagged = want.flagged <= 0 and not sought_by_flagged.isdisjoint(missing)
    return Share(
        reference=want.reference,
        granted={item: units for item, units in got.items() if units},
        missing=missing,
        because=_because(rule, bool(missing), others_got, behind_flagged),
    )


def _because(rule: Rule, misses: bool, others_got: bool, behind_flagged: bool) -> Because:
    if not misses:
        return "served"
    if not others_got:
        return "out_of_stock"
    if rule == "first_come" or (rule == "flagged_first" and not behind_flagged):
        return "came_later"
    return rule


def _total(item: str, ordered: list[Want], stock: Mapping[str, int], granted: dict[str, int]) -> Total:
    given = sum(granted.values())
    wanted = sum(max(want.lines.get(item, 0), 0) for want in ordered)
    return Total(wanted=wanted, granted=given, left=max(stock.get(item, 0), 0) - given)
