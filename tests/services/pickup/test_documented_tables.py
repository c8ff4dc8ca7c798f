"""The tables that docs/csv.md gives as examples, taken with the items that the relief supplies have as shipped."""

import re
from pathlib import Path

import msgspec

from services.pickup.entitlement.supplies import Supplies
from services.pickup.stock.sites import Site, Stock, WholeSite
from services.pickup.tables import imports
from stores.shipped import FOLDER, read_yaml
from tests.pickup import NOW

PAGE = Path(__file__).parents[3] / "docs" / "csv.md"
SITES, STOCK, SLOTS = (found.encode() for found in re.findall("```csv\n(.*?)```", PAGE.read_text("utf-8"), re.S))
SHIPPED = msgspec.convert(read_yaml(FOLDER / "relief-supplies.yaml")["pickup"]["supplies"], Supplies)
ITEMS = {item.id: item for item in SHIPPED.items}


def test_the_documented_sites_can_be_taken():
    assert list(imports.sites_in(SITES)) == ["mihon-school"]


def test_the_documented_stock_can_be_taken():
    entries = imports.stock_in(STOCK, ITEMS)

    assert [(entry.kind, entry.lines) for entry in entries] == [
        ("received", {"blanket": 120}),
        ("adjusted", {"water": -3}),
    ]


def test_the_documented_slots_can_be_taken():
    site = Site(id="site", site_id="mihon-school", name={"ja": "見本"}, kind="shelter", address="見本市1")
    whole = WholeSite(site, Stock(id="stock", site_id="mihon-school"), {})

    (slot,) = imports.slots_in(SLOTS, whole, ITEMS, NOW)

    assert (slot.places, slot.allotted) == (60, {"blanket": 120, "water": 720})
