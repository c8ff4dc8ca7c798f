"""Every way in which handing out supplies says no, by kind.

Refusal
├── NotFound
│   ├── UnknownSite            no such pickup site
│   └── UnknownSlot            the site has no such slot
├── Conflict
│   ├── PlaceGone              the place is not held for the request any more
│   ├── PlaceChangedTooOften   the resident has chosen other slots as often as one request may
│   ├── NothingDue             nothing is to be handed over for a request now
│   ├── AlreadyHandedOver      another counter handed over already
│   ├── SlotClosed             the slot is closed or over, and cannot be changed
│   ├── NotForSplit            the slot is filled in the order in which households come
│   ├── AlreadyDecided         the split of the slot was decided already
│   ├── LookAgain              the line or the stock is not what the preview showed any more
│   ├── TooManyCorrections     staff have corrected the household as often as one request may be
│   └── NotEnoughStock         the site has fewer units free; names the items
└── Invalid
    ├── NoSuchSlot             no slot of this name takes anybody any more
    └── SheetRefused           a table has lines that do not fit; lists each with its number
"""

from collections.abc import Sequence

import msgspec

from services.door import MOST_PLACES
from services.errors import Conflict, Invalid, Mistake, NotFound
from services.times import Instant


class SheetProblem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Say what is wrong with one line of a table: its number (the header is 1), its column, a code and limits."""

    line: int
    column: str
    code: str
    limits: dict[str, object] = {}

    @property
    def mistake(self) -> Mistake:
        """Return it as any other mistake is told."""
        return Mistake({"line": self.line, "column": self.column}, self.code, self.limits, ("sheet", "field"))


class PlaceGone(Conflict):
    """Say that the place is not held for this request any more, or that nothing can be chosen for it."""

    code = "place_gone"


class NoSuchSlot(Invalid):
    """Say that no slot with this name takes anybody any more."""

    code = "no_such_slot"


class PlaceChangedTooOften(Conflict):
    """Refuse another slot to a resident who has chosen as often as one request may; staff can still help."""

    code = "place_changed_too_often"


class NothingDue(Conflict):
    """Say that nothing is to be handed over for a request now; the message is the state of its booking."""

    code = "nothing_due"

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.details = {"state": state}


class AlreadyHandedOver(Conflict):
    """Say that another counter handed over already, when and by whom."""

    code = "already_handed_over"

    def __init__(self, at: Instant, by: str) -> None:
        super().__init__(f"at {at} by {by}")
        self.at = at
        self.by = by
        self.details = {"at": at, "by": by}


class UnknownSite(NotFound):
    """Say that there is no such pickup site."""

    code = "unknown_site"


class UnknownSlot(NotFound):
    """Say that a site has no such slot."""

    code = "unknown_slot"


class SlotClosed(Conflict):
    """Refuse to change a slot that is closed or over."""

    code = "slot_closed"


class NotForSplit(Conflict):
    """Refuse to split a slot that is filled in the order in which households come."""

    code = "not_for_split"


class AlreadyDecided(Conflict):
    """Say that the split of a slot was decided already, when and by whom."""

    code = "already_decided"

    def __init__(self, at: Instant, by: str) -> None:
        super().__init__(f"at {at} by {by}")
        self.at = at
        self.by = by
        self.details = {"at": at, "by": by}


class LookAgain(Conflict):
    """Refuse to decide something else than the preview showed: the line or the stock changed since."""

    code = "look_again"


class TooManyCorrections(Conflict):
    """Refuse to correct the household of a request once more."""

    code = "too_many_corrections"


class NotEnoughStock(Conflict):
    """Refuse to allot or take away units that a site does not have free; names the items."""

    code = "not_enough_stock"

    def __init__(self, items: Sequence[str]) -> None:
        super().__init__(", ".join(items))
        self.items = tuple(items)
        self.details = {"items": list(self.items)}


class SheetRefused(Invalid):
    """List every line of a table that does not fit; nothing of it was taken."""

    code = "sheet_refused"

    def __init__(self, problems: tuple[SheetProblem, ...]) -> None:
        self.problems = problems[:MOST_PLACES]
        self.mistakes = tuple(p.mistake for p in self.problems)
        super().__init__(", ".join(f"line {p.line} {p.code}" for p in self.problems))
