import msgspec
import pytest

from services import times
from services.case.documents import Event
from services.errors import DocumentFull
from services.pickup.slots import turns
from services.pickup.stock.sites import Entry, Move, Slot
from stores.documents import plain
from stores.pickup.sites import SITES, CosmosSites
from tests.fakes import Noted
from tests.local.cosmos_contract import LARGE_BODY
from tests.stores.documents import NOW
from wiring.app import App


@LARGE_BODY
async def test_a_slot_whose_document_is_full_refuses_a_turn_and_can_be_tended(app: App):
    sites = CosmosSites(app.cosmos, Noted())
    await app.cosmos.ask(SITES, lambda c: c.create_item(plain(full_slot())))
    turn = turns.reserve(("kit",), "MMMM-MMMM-MMMM.1", {"kit": 1}, until=None, is_newcomer=True)
    move = Move(id="m1", site_id="school", kind="handed_over", at=NOW, lines={"kit": -1})

    with pytest.raises(DocumentFull):
        await sites.turn("school", "pickup-1", turn)
    with pytest.raises(DocumentFull):
        await sites.turn("school", "pickup-1", turn, move)

    [opening] = await sites.openings(NOW)
    assert (opening.entry_count, opening.is_crowded) == (2000, True)
    full = await sites.slot("school", "pickup-1")
    assert full
    await sites.save("school", [turns.without_ended(full, full.entries)])
    assert await sites.turn("school", "pickup-1", turn)
    assert [one.entry_count for one in await sites.openings(NOW)] == [1]


def full_slot() -> Slot:
    """Return a slot with a free place and two thousand ended entries, as large as a document can be."""
    slot = Slot(
        id="pickup-1",
        site_id="school",
        starts=times.later(NOW, 86_400),
        ends=times.later(NOW, 90_000),
        places=1,
        free_places=1,
        allotted={"kit": 1},
        free={"kit": 1},
        entries={f"ABCD-EFGH-JKLM.{n}": Entry(state="ended") for n in range(2000)},
    )
    words = Event(id="words", at=NOW, event="allotted", note="")
    left = 2 * 1024 * 1024 - len(msgspec.json.encode(msgspec.structs.replace(slot, history=(words,))))
    return msgspec.structs.replace(slot, history=(msgspec.structs.replace(words, note="y" * left),))
