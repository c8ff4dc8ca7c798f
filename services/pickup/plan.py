"""What a service definition says of supplies, and what that makes of the answers to its form."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.pickup.booking import Booking
from services.pickup.households import FOLDING, Household, blocks_of, former_keys, key_of
from services.pickup.sites import Method
from services.pickup.supplies import Supplies, lines_for
from services.times import Instant

MOST_MEMBERS = 100


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

    answers: Pointers
    routes: dict[Method, str]
    supplies: Supplies


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
    for part in pointer.split("/")[1:]:
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def _count(answer: Any) -> int:
    """Count people: a number as it is, a list of needs as one person."""
    if isinstance(answer, bool):
        return int(answer)
    if isinstance(answer, int | float):
        return max(int(answer), 0)
    return 1 if answer else 0
