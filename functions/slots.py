"""Slots in words, as a form and the page of a request offer them."""

from collections.abc import Sequence

from functions.dates import span_text
from functions.fields import Option
from functions.texts import Texts
from services.catalog.controls import offers_slots
from services.catalog.model import Definition
from services.errors import StoreUnavailable
from services.pickup.offers import Offer, Offers


async def of_form(offers: Offers, definition: Definition, texts: Texts) -> tuple[Option, ...]:
    """Return what a form offers: first any slot; nothing where none is open or the stores do not answer."""
    if not offers_slots(definition.form):
        return ()
    try:
        found = options(await offers.open("pickup"), texts)
    except StoreUnavailable:
        return ()
    return (Option("", texts("slots.anywhere")), *found) if found else ()


def options(offers: Sequence[Offer], texts: Texts, own: str | None = None) -> tuple[Option, ...]:
    """Say of each slot when it is, what is handed out and for how many households more, and which is one's own."""
    return tuple(
        Option(
            offer.opening.name,
            span_text(offer.opening.starts, offer.opening.ends, texts.language),
            chosen=offer.opening.name == own,
            note=texts("slots.own") if offer.opening.name == own else _note(offer, texts),
            group=texts("slots.site", name=texts.of(offer.site.name), address=offer.site.address),
        )
        for offer in offers
    )


def _note(offer: Offer, texts: Texts) -> str:
    items = texts("page.list_separator").join(texts.of(line.title) for line in offer.lines if line.units)
    return texts("slots.note", items=items, places=offer.opening.free_places)
