"""The store decides by its condition what the rule says of a hold: it ends where it ends when its slot was read."""

from services import times
from services.pickup.slots import turns
from services.pickup.stock.sites import Slot
from stores.documents import plain
from stores.pickup.sites import SITES, CosmosSites
from tests.fakes import Noted
from tests.stores.documents import NOW
from wiring.app import App

KEY = "MMMM-MMMM-MMMM.1"
SOON, LATER = times.later(NOW, 60), times.later(NOW, 3600)


async def test_a_hold_that_was_made_longer_after_the_look_is_not_ended(app: App):
    sites = CosmosSites(app.cosmos, Noted())
    slot = Slot(
        id="pickup-1",
        site_id="school",
        starts=times.later(NOW, 86_400),
        ends=times.later(NOW, 90_000),
        places=1,
        free_places=1,
        allotted={"kit": 1},
        free={"kit": 1},
    )
    await app.cosmos.ask(SITES, lambda c: c.create_item(plain(slot)))
    reserved = turns.reserve(("kit",), KEY, {"kit": 1}, until=SOON, is_newcomer=True)
    assert await sites.turn("school", "pickup-1", reserved)
    held = await sites.slot("school", "pickup-1")
    assert held
    ends, longer = turns.expire(held, KEY, SOON), turns.hold_again(held, KEY, LATER)
    assert ends
    assert longer
    assert await sites.turn("school", "pickup-1", longer)

    assert not await sites.turn("school", "pickup-1", ends)

    as_it_is = await sites.slot("school", "pickup-1")
    assert as_it_is
    assert as_it_is.entries[KEY].state == "held"
    ran_out = turns.expire(as_it_is, KEY, LATER)
    assert ran_out
    assert await sites.turn("school", "pickup-1", ran_out)
