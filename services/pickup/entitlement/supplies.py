"""What can be handed out: items, kits and the policies by which a household gets them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Literal

import msgspec

from services.names import NAME_IN_WORDS as NAME
from services.names import is_name
from services.texts import Text

FLAGS = ("infants", "elderly", "care")
"""What a household can say of some of its members, so that an item may depend on it."""
MOST_MEMBERS = 100
MOST_UNITS = 10_000
MOST_ITEMS = 200
"""Items and policies that a definition may have."""
LONGEST_ROLLING = timedelta(days=366)
_ITEM_ID = re.compile("[a-z][A-Za-z0-9]{0,31}")


class _Strict(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True
):
    pass


class Period(_Strict, frozen=True, kw_only=True):
    """Say how long a grant counts: so long after it, or until the next day, week (Monday) or month begins in Japan."""

    rolling: timedelta | None = None
    calendar: Literal["day", "week", "month"] | None = None


class Policy(_Strict, frozen=True, kw_only=True):
    """Limit how often a household is granted what stands under this policy: per period, or for the whole emergency."""

    id: str
    title: Text
    limit: int = 1
    period: Period | None = None


class Item(_Strict, frozen=True, kw_only=True):
    """Describe one line of a hand-out: `per…` and `most` are units, `contents` (of a kit) are units by item.

    `code` is stable and defaults to the id; `national_code` is the municipality's own entry of what the national
    supply system (B-PLo) calls the item, since no list of its codes is public.
    """

    id: str
    title: Text
    unit: Text
    policy: str
    code: str = ""
    national_code: str = ""
    per_household: int = 0
    per_member: int = 0
    per_flagged: dict[str, int] = {}
    most: int | None = None
    contents: dict[str, int] = {}
    low_at: int = 0

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "code", self.code or self.id)


class Supplies(_Strict, frozen=True, kw_only=True):
    """Hold everything that can be handed out."""

    items: tuple[Item, ...]
    policies: tuple[Policy, ...]

    def item(self, id_: str) -> Item | None:
        """Return the item with this id."""
        return next((item for item in self.items if item.id == id_), None)

    def policy(self, id_: str) -> Policy | None:
        """Return the policy with this id."""
        return next((policy for policy in self.policies if policy.id == id_), None)


def entitlement(item: Item, members: int, flagged: Mapping[str, int]) -> int:
    """Return the units of an item that a household is due: of 1 to 100 members, and no more flagged than members."""
    members = min(max(members, 1), MOST_MEMBERS)
    units = item.per_household + item.per_member * members
    for flag, each in item.per_flagged.items():
        units += each * min(max(flagged.get(flag, 0), 0), members)
    return units if item.most is None else min(units, item.most)


def lines_for(supplies: Supplies, wanted: Sequence[str], members: int, flagged: Mapping[str, int]) -> dict[str, int]:
    """Return the units due of each item asked for; what is unknown, or not for this household, is left out."""
    asked = ((id_, supplies.item(id_)) for id_ in wanted)
    due = {id_: entitlement(item, members, flagged) for id_, item in asked if item}
    return {id_: units for id_, units in due.items() if units > 0}


def problems(supplies: Supplies) -> tuple[str, ...]:
    """Return every reason why these supplies cannot be used: its place in them and, in Japanese, the fault."""
    return tuple(_problems(supplies))


def _problems(supplies: Supplies) -> Iterator[str]:
    if len(supplies.items) + len(supplies.policies) > MOST_ITEMS:
        yield f": items と policies は合わせて{MOST_ITEMS}までです"
        return
    if not supplies.items:
        yield ".items: 1つは必要です"
    yield from _problems_of_ids(supplies)
    for index, policy in enumerate(supplies.policies):
        yield from _problems_of_policy(policy, f".policies[{index}]")
    for index, item in enumerate(supplies.items):
        place = f".items[{index}]"
        yield from _problems_of_text(f"{place}.title", item.title)
        yield from _problems_of_text(f"{place}.unit", item.unit)
        yield from _problems_of_quantities(item, place)
        yield from _problems_of_contents(item, supplies, place)
        yield from _problems_of_getting(item, supplies, place)


def _problems_of_ids(supplies: Supplies) -> Iterator[str]:
    for index, item in enumerate(supplies.items):
        if not _ITEM_ID.fullmatch(item.id):
            yield f".items[{index}].id: 英字と数字だけ、32文字まで、初めは小文字にします（今は「{item.id}」）"
    for index, policy in enumerate(supplies.policies):
        if not is_name(policy.id):
            yield f".policies[{index}].id: {NAME}（今は「{policy.id}」）"
    yield from _twice(".items", "id", [item.id for item in supplies.items])
    yield from _twice(".items", "code", [item.code for item in supplies.items])
    yield from _twice(".policies", "id", [policy.id for policy in supplies.policies])


def _twice(place: str, key: str, names: list[str]) -> Iterator[str]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield f"{place}[{index}].{key}: 「{name}」が2度使われています"


def _problems_of_policy(policy: Policy, place: str) -> Iterator[str]:
    yield from _problems_of_text(f"{place}.title", policy.title)
    if not 1 <= policy.limit <= MOST_UNITS:
        yield f"{place}.limit: 1から{MOST_UNITS}までにします"
    if policy.period is None:
        return
    rolling, calendar = policy.period.rolling, policy.period.calendar
    if (rolling is None) == (calendar is None):
        yield f"{place}.period: rolling か calendar の、どちらか1つにします"
    if rolling is not None and not timedelta(0) < rolling <= LONGEST_ROLLING:
        yield f"{place}.period.rolling: 0より長く、366日（P366D）までにします"


def _problems_of_text(place: str, text: Text) -> Iterator[str]:
    if not text.get("ja", "").strip():
        yield f"{place}.ja: 日本語の文が必要です"


def _problems_of_quantities(item: Item, place: str) -> Iterator[str]:
    quantities = {
        "perHousehold": item.per_household,
        "perMember": item.per_member,
        "most": item.most or 0,
        "lowAt": item.low_at,
        **{f"perFlagged.{flag}": units for flag, units in item.per_flagged.items()},
    }
    for name, units in quantities.items():
        if not 0 <= units <= MOST_UNITS:
            yield f"{place}.{name}: 0から{MOST_UNITS}までにします"
    for flag in item.per_flagged:
        if flag not in FLAGS:
            yield f"{place}.perFlagged.{flag}: {', '.join(FLAGS)} のどれかにします"


def _problems_of_contents(kit: Item, supplies: Supplies, place: str) -> Iterator[str]:
    for id_, units in kit.contents.items():
        part = supplies.item(id_)
        if part is None:
            yield f"{place}.contents.{id_}: 「{id_}」という品目はありません"
        elif part.contents:
            yield f"{place}.contents.{id_}: 「{id_}」も詰め合わせです"
        if not 1 <= units <= MOST_UNITS:
            yield f"{place}.contents.{id_}: 1から{MOST_UNITS}までにします"


def _problems_of_getting(item: Item, supplies: Supplies, place: str) -> Iterator[str]:
    if supplies.policy(item.policy) is None:
        yield f"{place}.policy: 「{item.policy}」は policies にありません"
    in_a_kit = any(item.id in kit.contents for kit in supplies.items)
    if not in_a_kit and entitlement(item, MOST_MEMBERS, dict.fromkeys(FLAGS, MOST_MEMBERS)) <= 0:
        yield f"{place}: だれにも渡されません"
