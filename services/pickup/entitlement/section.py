"""What a service definition says of supplies, and what that makes of the answers to its form."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import msgspec

from services import door
from services.case.request import Request, Step
from services.case.task import SUPERVISORS, Task
from services.catalog import controls, forms
from services.catalog.model import Definition
from services.errors import FieldError
from services.pickup import asking, deliveries
from services.pickup.booking.state import Booking
from services.pickup.entitlement.supplies import Supplies, lines_for, problems
from services.pickup.households.households import FOLDING, Household, blocks_of, former_keys, key_of
from services.pickup.part import NAME
from services.pickup.stock.sites import Method
from services.times import Instant

MOST_MEMBERS = 100
SLOTS = "pickup-slots"
"""The `x-options` of a text whose options are the slots that are open when the page is drawn."""


_SLOT = re.compile("[a-z][a-z0-9-]{0,39}[.](pickup|delivery)-[0-9]{8}-[0-9]{4}")
_CAMEL = {"birth_date": "birthDate"}


class Pointers(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True
):
    """Point (RFC 6901) to the answers that a booking is made of."""

    name: str
    kana: str
    address: str
    members: str
    items: str
    method: str | None = None
    slot: str | None = None
    flags: dict[str, str] = {}
    birth_date: str | None = None

    def by_name(self) -> dict[str, str]:
        """Return every pointer by what it stands for."""
        given = {name: getattr(self, name) for name in self.__struct_fields__ if name != "flags"}
        return {name: pointer for name, pointer in given.items() if pointer} | self.flags

    def of_household(self) -> tuple[str, ...]:
        """Return the pointers to what is said of the household itself."""
        said = (self.name, self.kana, self.birth_date, self.address, self.members, *self.flags.values())
        return tuple(pointer for pointer in said if pointer)


class Pickup(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """Let requests of a service take supplies out of stock; `routes` names the route of each method that hands over."""

    reserved_routes: ClassVar[tuple[str, ...]] = asking.ROUTES
    options: ClassVar[tuple[str, ...]] = (SLOTS,)

    answers: Pointers
    routes: dict[Method, str]
    supplies: Supplies

    def problems(self, definition: Definition) -> Iterator[str]:
        """Check that what is handed out is known, and that every pointer leads to a field of the form."""
        yield from (f"pickup.supplies{problem}" for problem in problems(self.supplies))
        for method, route in self.routes.items():
            if route not in [known.id for known in definition.routes]:
                yield f"pickup.routes.{method}: 「{door.step(route)}」は routes にありません"
        for name, pointer in self.answers.by_name().items():
            if forms.field_at(definition.form, pointer) is None:
                key = f"flags.{name}" if name in self.answers.flags else _CAMEL.get(name, name)
                yield f"pickup.answers.{key}: 「{door.step(pointer)}」という項目は form にありません"
        offered = (forms.field_at(definition.form, self.answers.items) or {}).get("items", {}).get("enum", [])
        for index, item in enumerate(self.supplies.items):
            if item.id not in offered:
                yield f"pickup.supplies.items[{index}].id: 「{item.id}」は {self.answers.items} の選択肢にありません"
        for pointer in controls.named(definition.form, SLOTS):
            if pointer != self.answers.slot:
                place = controls.place_of(pointer)
                yield f"{place}.x-options: 選ばれた枠を予約するには、pickup.answers.slot をこの項目にします"

    def errors(self, answers: Mapping[str, Any]) -> Iterator[FieldError]:
        """Refuse what is no name of a slot where one is chosen."""
        slot = read(answers, self.answers.slot) if self.answers.slot else None
        if slot is not None and not (isinstance(slot, str) and _SLOT.fullmatch(slot)):
            yield FieldError(str(self.answers.slot), "pattern")

    def first_steps(self, step: Step) -> dict[str, Step]:
        """Look for a place, and for others that may be of the same household."""
        return {
            "reserve.1": msgspec.structs.replace(step, kind="reserve", reason=None),
            "same-household": msgspec.structs.replace(step, kind="match", reason=None),
        }

    def task_ended(self, request: Request, definition: Definition, task: Task, outcome: str, now: Instant) -> Request:
        """Let a booking follow the delivery of its supplies, or what the supervisors ended."""
        if task.team == SUPERVISORS:
            return deliveries.closed(request)
        if self.routes.get("delivery") != task.route:
            return request
        return deliveries.ended(request, task, deliveries.delivered_by(definition, outcome), now)


def pickup_of(definition: Definition) -> Pickup | None:
    """Return what a definition says of supplies, None where it hands out none."""
    section = definition.sections.get(NAME)
    return section if isinstance(section, Pickup) else None


def booking_for(
    pickup: Pickup, answers: Mapping[str, Any], household: Household, *, secret: bytes, since: Instant
) -> Booking | None:
    """Return what the household is due, None where it asks for nothing that is handed out."""
    at = pickup.answers
    members = min(_count(read(answers, at.members)), MOST_MEMBERS) or 1
    flagged = {flag: min(_count(read(answers, pointer)), members) for flag, pointer in at.flags.items()}
    wanted = read(answers, at.items)
    lines = lines_for(pickup.supplies, wanted if isinstance(wanted, list) else [], members, flagged)
    if not lines:
        return None
    method = read(answers, at.method) if at.method else "pickup"
    wish = read(answers, at.slot) if at.slot else None
    return Booking(
        state="looking",
        method="delivery" if method == "delivery" else "pickup",
        since=since,
        members=members,
        flagged=max(flagged.values(), default=0),
        lines=lines,
        policies=tuple(sorted({item.policy for item in pickup.supplies.items if item.id in lines})),
        household=key_of(household, secret),
        blocks=blocks_of(household),
        folding=FOLDING,
        formerly=former_keys(household, secret),
        wish=wish if isinstance(wish, str) else None,
    )


def folded_anew(
    pickup: Pickup, answers: Mapping[str, Any], phone: str | None, booking: Booking, secret: bytes
) -> Booking:
    """Return a booking under the folding of today, with every other key that its household had."""
    if booking.folding == FOLDING:
        return booking
    household = household_of(pickup, answers, phone)
    key = key_of(household, secret)
    others = {booking.household, *booking.formerly, *former_keys(household, secret)} - {key}
    return msgspec.structs.replace(
        booking,
        household=key,
        blocks=blocks_of(household),
        folding=FOLDING,
        formerly=tuple(sorted(others)),
    )


def under_every_key(
    pickup: Pickup, answers: Mapping[str, Any], phone: str | None, booking: Booking, secret: bytes
) -> Booking:
    """Return a booking that keeps its key, and names every other key that its household has or had."""
    anew = folded_anew(pickup, answers, phone, booking, secret)
    others = {anew.household, *anew.formerly} - {booking.household}
    return msgspec.structs.replace(booking, formerly=tuple(sorted(others)))


def household_of(pickup: Pickup, answers: Mapping[str, Any], phone: str | None) -> Household:
    """Return the household that answers speak of."""
    name, kana, address = (
        str(read(answers, p) or "") for p in (pickup.answers.name, pickup.answers.kana, pickup.answers.address)
    )
    return Household(name=name, kana=kana, address=address, phone=phone)


def read(answers: Any, pointer: str) -> Any:
    """Return the answer at a pointer, None where there is none."""
    found = answers
    for step in forms.steps(pointer):
        if not isinstance(found, Mapping) or step not in found:
            return None
        found = found[step]
    return found


def _count(answer: Any) -> int:
    """Count people: a number as it is, a list of needs as one person."""
    if isinstance(answer, bool):
        return int(answer)
    if isinstance(answer, int | float):
        return max(int(answer), 0)
    return 1 if answer else 0
