"""Slots in words, as a form and the page of a request offer them."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from functions.edge.dates import day_text, hours_text
from functions.edge.fields import Group, Option
from functions.edge.texts import Texts
from services.catalog.model import Definition
from services.errors import StoreUnavailable
from services.pickup.booking.offers import Offer
from services.pickup.entitlement.section import SLOTS
from wiring.app import App
from wiring.pickup import pickup


async def of_form(app: App, _: Definition, texts: Texts) -> tuple[Option, ...]:
    """Return what a form offers: first any slot; nothing where none is open or the stores do not answer."""
    try:
        found = options(await pickup(app).offers.open("pickup"), texts)
    except StoreUnavailable:
        return ()
    return (Option("", texts(f"options.{SLOTS}.any")), *found) if found else ()


def options(offers: Sequence[Offer], texts: Texts, own: str | None = None) -> tuple[Option, ...]:
    """Offer slots by site and day: when each is, for how many households more, and which is one's own.

    What is handed out is said once for a site where all its slots hand out the same.
    """
    by_site = groupby(offers, key=lambda offer: offer.site.site_id)
    return tuple(option for _, here in by_site for option in _of_site(list(here), texts, own))


def _of_site(offers: Sequence[Offer], texts: Texts, own: str | None) -> Iterator[Option]:
    site, items = offers[0].site, [_items(offer, texts) for offer in offers]
    is_same = len(set(items)) == 1
    name = texts("slots.site", name=texts.of(site.name), address=site.address)
    group = Group(name, texts("slots.items", items=items[0]) if is_same else "")
    for offer, handed_out in zip(offers, items, strict=True):
        opening = offer.opening
        is_own = opening.name == own
        note = texts("slots.own") if is_own else texts("slots.places", places=opening.free_places)
        yield Option(
            opening.name,
            hours_text(opening.starts, opening.ends, texts.language),
            chosen=is_own,
            note=note if is_same else texts("slots.note", note=note, items=handed_out),
            group=group,
            part=day_text(opening.starts, texts.language),
        )


def _items(offer: Offer, texts: Texts) -> str:
    return texts("page.list_separator").join(texts.of(line.title) for line in offer.lines if line.units)
