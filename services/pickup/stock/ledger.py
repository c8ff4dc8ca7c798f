"""What each entry of an officer makes of a site's slots and stock: rules from documents to documents."""

import hashlib
from collections.abc import Iterator, Sequence

import msgspec

from services import times
from services.case.documents import Event
from services.case.task import Staff
from services.errors import FieldError, InvalidSubmission
from services.pickup.errors import NotEnoughStock, SlotClosed, UnknownSlot
from services.pickup.stock.fields import AllotFields, Items, SiteFields, SlotFields, StockFields, refuse, span
from services.pickup.stock.sites import (
    HISTORY_KEPT,
    MOST_ALLOTMENTS,
    MOST_HOUSEHOLDS,
    MOST_ITEMS_OF_SITE,
    Method,
    Move,
    Site,
    Slot,
    Stock,
    WholeSite,
    after,
)
from services.times import Instant

type Documents = tuple[Site | Slot | Stock | Move, ...]


def slot_id(starts: Instant, method: Method) -> str:
    """Return the id of a slot: its method and its beginning in Japan, such as `pickup-20261124-1000`."""
    return f"{method}-{times.moment(starts).astimezone(times.JAPAN):%Y%m%d-%H%M}"


def described(whole: WholeSite | None, site: str, fields: SiteFields, by: Staff, now: Instant) -> Documents:
    """Describe a site as an officer writes it; one that closes or moves stays due until its slots have followed."""
    known = whole.site if whole else Site(id="site", site_id=site, name={}, kind=fields.kind, address="")
    number = 1 + max((int(event.id.removeprefix("put.")) for event in known.history), default=0)
    said = {name: getattr(fields, name) for name in fields.__struct_fields__ if name != "moved"}
    new = [name for name, value in said.items() if value != getattr(known, name)]
    event = Event(id=f"put.{number}", at=now, event="put", by=by.name, by_id=by.id, note=", ".join(new))
    changed = msgspec.structs.replace(known, **said, history=(*known.history, event)[-HISTORY_KEPT:])
    if whole is None:
        return (changed, Stock(id="stock", site_id=site))
    if not new:
        return ()
    closes = known.is_open and not changed.is_open
    due_at = now if closes or fields.moved else known.due_at
    return (msgspec.structs.replace(changed, due_at=due_at, moved_at=now if fields.moved else known.moved_at),)


def followed(whole: WholeSite, slot: str, now: Instant) -> Documents:
    """Change a slot after its site: close it with the site; make it due where residents have to be asked."""
    site, known = whole.site, whole.slots[slot]
    if not known.is_open or known.ends <= now:
        return ()
    if not site.is_open:
        return closed(whole, slot, None, now)
    return (
        () if known.moved_at == site.moved_at else (msgspec.structs.replace(known, moved_at=site.moved_at, due_at=now),)
    )


def moves_of(site: str, fields: StockFields, items: Items, by: Staff, now: Instant) -> tuple[Move, ...]:
    """Return the moves of an entry of stock: packing takes the contents of kits out, and puts the kits in."""
    id_ = f"{fields.kind}.{fields.id}"
    move = Move(
        id=id_,
        site_id=site,
        kind=fields.kind,
        at=now,
        lines=fields.lines,
        by=by.name,
        by_id=by.id,
        reason=fields.reason,
    )
    if fields.kind != "packed":
        return (move,)
    contents: dict[str, int] = {}
    for kit, kits in fields.lines.items():
        for item, units in items[kit].contents.items():
            contents[item] = contents.get(item, 0) - units * kits
    return (move, msgspec.structs.replace(move, id=f"{id_}.contents", lines=contents))


def entered(whole: WholeSite, moves: tuple[Move, ...]) -> Documents:
    """Enter moves of stock, all or none, once; raises NotEnoughStock, and InvalidSubmission for too many items."""
    if whole.stock.has(moves[-1].id):
        return ()
    stock = whole.stock
    for move in moves:
        stock = after(stock, move)
    _must_suffice(stock, moves)
    _refuse_items(whole.stock, stock)
    return (stock, *moves)


def opened(whole: WholeSite, fields: SlotFields, by: Staff, now: Instant) -> Documents:
    """Open a slot and allot stock to it, once; the site is written as it is, so that it cannot close meanwhile.

    Raises InvalidSubmission where another is there or the site is closed, and NotEnoughStock.
    """
    if not whole.site.is_open:
        raise InvalidSubmission((FieldError("/site", "site_closed"),))
    refuse(problems_of_place(whole, fields))
    event = Event(id=_opening_of(fields), at=now, event="opened", by=by.name, by_id=by.id)
    slot = msgspec.structs.replace(_new_slot(whole, fields), history=(event,))
    move = Move(
        id=f"{slot.id}.allotted",
        site_id=slot.site_id,
        kind="allotted",
        at=now,
        lines=fields.allotted,
        slot=slot.id,
        by=by.name,
        by_id=by.id,
    )
    stock = after(whole.stock, move)
    _must_suffice(stock, (move,))
    return (slot, stock, move, whole.site)


def problems_of_place(whole: WholeSite, fields: SlotFields) -> Iterator[FieldError]:
    """Find what is wrong with a new slot beside those that are there."""
    slot = _new_slot(whole, fields)
    if any(_overlap(slot, other) for other in whole.slots.values()):
        yield FieldError("/starts", "overlaps")


def beside(whole: WholeSite, fields: SlotFields) -> WholeSite:
    """Return a site as if this slot were open there already."""
    return with_documents(whole, (_new_slot(whole, fields),))


def opened_together(whole: WholeSite, several: Sequence[SlotFields], by: Staff, now: Instant) -> Documents:
    """Open those of these slots that are not opened yet, one beside the other; raises what `opened` raises."""
    written: dict[str, Site | Slot | Stock | Move] = {}
    for fields in several:
        if not is_opened(whole, fields):
            documents = opened(whole, fields, by, now)
            whole = with_documents(whole, documents)
            written |= {document.id: document for document in documents}
    return tuple(written.values())


def is_opened(whole: WholeSite, fields: SlotFields) -> bool:
    """Tell whether this very slot was opened before, or one stands as it would be."""
    starts, ends = span(fields)
    known = whole.slots.get(slot_id(starts, fields.method))
    if known is None:
        return False
    described = (starts, ends, fields.fill, fields.places, fields.allotted)
    stands = (known.starts, known.ends, known.fill, known.places, known.allotted) == described
    return stands or known.has(_opening_of(fields))


def reallotted(whole: WholeSite, slot: str, fields: AllotFields, by: Staff, now: Instant) -> Documents:
    """Give an open slot more places and units, or take back what nobody was promised, once.

    Raises UnknownSlot, SlotClosed, NotEnoughStock, and InvalidSubmission for more than is free in the slot, and for
    one change more than a slot remembers. A slot keeps the items it was opened with: the entries count their units in
    the order of these.
    """
    known = whole.slots.get(slot)
    if known is None:
        raise UnknownSlot()
    operation = f"allot.{fields.id}"
    if known.has(operation):
        return ()
    if not known.is_open or known.ends <= now:
        raise SlotClosed()
    _refuse_allotment(known, fields)
    note = f"{fields.places:+} places" if fields.places else None
    event = Event(id=operation, at=now, event="allotted", by=by.name, by_id=by.id, note=note)
    changed = msgspec.structs.replace(
        known,
        places=known.places + fields.places,
        free_places=known.free_places + fields.places,
        allotted={item: units + fields.lines.get(item, 0) for item, units in known.allotted.items()},
        free={item: units + fields.lines.get(item, 0) for item, units in known.free.items()},
        history=(*known.history, event),
    )
    moves = _allotments(known, fields, by, now)
    if not moves:
        return (changed,)
    stock = whole.stock
    for move in moves:
        stock = after(stock, move)
    _must_suffice(stock, moves)
    return (changed, stock, *moves)


def closed(whole: WholeSite, slot: str, by: Staff | None, now: Instant) -> Documents:
    """Close a slot before its time, once; raises UnknownSlot."""
    known = whole.slots.get(slot)
    if known is None:
        raise UnknownSlot()
    if not known.is_open:
        return ()
    event = Event(id="closed", at=now, event="closed", by=by.name if by else None, by_id=by.id if by else None)
    return (msgspec.structs.replace(known, is_open=False, due_at=now, history=(*known.history, event)),)


def with_documents(whole: WholeSite, documents: Documents) -> WholeSite:
    """Return a site as it is after these documents were written."""
    for document in documents:
        if isinstance(document, Stock):
            whole = msgspec.structs.replace(whole, stock=document)
        elif isinstance(document, Slot):
            whole = msgspec.structs.replace(whole, slots={**whole.slots, document.id: document})
    return whole


def _new_slot(whole: WholeSite, fields: SlotFields) -> Slot:
    starts, ends = span(fields)
    return Slot(
        id=slot_id(starts, fields.method),
        site_id=whole.site.site_id,
        starts=starts,
        ends=ends,
        method=fields.method,
        fill=fields.fill,
        places=fields.places,
        free_places=fields.places,
        allotted=fields.allotted,
        free=fields.allotted,
        due_at=ends,
    )


def _opening_of(fields: SlotFields) -> str:
    """Return the id of the operation that opens a slot as it is described, so that a repeat is recognised."""
    described = (*span(fields), fields.method, fields.fill, fields.places, sorted(fields.allotted.items()))
    return f"opened.{hashlib.sha256(msgspec.json.encode(described)).hexdigest()[:16]}"


def _overlap(slot: Slot, other: Slot) -> bool:
    is_beside = slot.method == other.method and other.is_open
    return slot.id == other.id or (is_beside and slot.starts < other.ends and other.starts < slot.ends)


def _refuse_allotment(slot: Slot, fields: AllotFields) -> None:
    """Refuse what does not fit; while a split is followed, everything in the slot is promised."""
    errors = [FieldError(f"/lines/{item}", "not_in_slot") for item in fields.lines if item not in slot.allotted]
    free = dict.fromkeys(slot.free, 0) if slot.is_being_split else slot.free
    free_places = 0 if slot.is_being_split else slot.free_places
    for item, units in fields.lines.items():
        if item in free and free[item] + units < 0:
            errors.append(FieldError(f"/lines/{item}", "promised", {"limit": free[item]}))
    if free_places + fields.places < 0:
        errors.append(FieldError("/places", "promised", {"limit": free_places}))
    if not 1 <= slot.places + fields.places <= MOST_HOUSEHOLDS:
        errors.append(FieldError("/places", "places_of_slot", {"limit": MOST_HOUSEHOLDS}))
    if sum(event.event == "allotted" for event in slot.history) >= MOST_ALLOTMENTS:
        errors.append(FieldError("", "allotments_of_slot", {"limit": MOST_ALLOTMENTS}))
    if errors:
        raise InvalidSubmission(tuple(errors))


def _allotments(slot: Slot, fields: AllotFields, by: Staff, now: Instant) -> tuple[Move, ...]:
    more = {item: units for item, units in fields.lines.items() if units > 0}
    less = {item: units for item, units in fields.lines.items() if units < 0}
    move = Move(
        id=f"{slot.id}.allotted.{fields.id}",
        site_id=slot.site_id,
        kind="allotted",
        at=now,
        lines=more,
        slot=slot.id,
        by=by.name,
        by_id=by.id,
    )
    back = msgspec.structs.replace(move, id=f"{slot.id}.released.{fields.id}", kind="released", lines=less)
    return tuple(each for each in (move, back) if each.lines)


def _refuse_items(before: Stock, stock: Stock) -> None:
    """Refuse items that a site never had where it has had as many as its stock sums up."""
    new = sorted(set(stock.on_hand) - set(before.on_hand))
    if len(stock.on_hand) > MOST_ITEMS_OF_SITE:
        refuse(FieldError(f"/lines/{item}", "items_of_site", {"limit": MOST_ITEMS_OF_SITE}) for item in new)


def _must_suffice(stock: Stock, moves: tuple[Move, ...]) -> None:
    short = sorted({item for move in moves for item in move.lines if stock.unallotted(item) < 0})
    if short:
        raise NotEnoughStock(short)
