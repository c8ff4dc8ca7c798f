"""The roster that a counter takes along: of the slots that matter now, by reference alone, and on record."""

import msgspec
import pytest

from services import times
from services.case.audit import SPAN
from services.pickup.counter.rosters import Rosters
from services.pickup.errors import UnknownSite
from services.pickup.stock.sites import Entry, Site, Slot, Stock, WholeSite
from tests.counter import HANAKO
from tests.fakes import FakeAudit, FakeClock
from tests.pickup import NOW

SITE = Site(id="site", site_id="school", name={"ja": "学校"}, kind="shelter", address="中央1")


class OneSite:
    """Keep one site."""

    def __init__(self, *slots: Slot) -> None:
        self._whole = WholeSite(SITE, Stock(id="stock", site_id="school"), {slot.id: slot for slot in slots})

    async def whole_site(self, site: str) -> WholeSite | None:
        return self._whole if site == "school" else None


def slot(id_: str, begins_in: float, **entries: Entry) -> Slot:
    starts = times.later(NOW, begins_in)
    return Slot(
        id=id_,
        site_id="school",
        starts=starts,
        ends=times.later(starts, 3600),
        places=5,
        free_places=5,
        allotted={"kit": 5, "water": 9},
        free={"kit": 5, "water": 9},
        entries={f"AAAA-BBBB-{name.upper()}.1": entry for name, entry in entries.items()},
    )


def held(state: str = "confirmed", units: tuple[int, ...] = (1, 6)) -> Entry:
    return Entry(state=state, units=units)


async def roster(*slots: Slot, audit: FakeAudit | None = None) -> list[str]:
    rosters = Rosters(OneSite(*slots), audit or FakeAudit(), FakeClock(NOW))
    return [due.reference for due in await rosters.roster("school", HANAKO)]


async def test_who_has_a_place_is_due_its_units_under_its_reference():
    rosters = Rosters(OneSite(slot("s", 0, cccc=held())), FakeAudit(), FakeClock(NOW))

    [due] = await rosters.roster("school", HANAKO)

    assert (due.reference, due.state, due.lines) == ("AAAA-BBBB-CCCC", "confirmed", {"kit": 1, "water": 6})


@pytest.mark.parametrize(
    ("begins_in", "is_on"),
    [(-7200, False), (-7199, True), (0, True), (24 * 3600, True), (24 * 3600 + 1, False)],
)
async def test_slots_of_the_next_day_and_of_the_hour_past_are_on_it(begins_in: float, is_on: bool):
    assert bool(await roster(slot("s", begins_in, cccc=held()))) is is_on


async def test_what_was_handed_over_is_on_it_and_what_was_given_back_is_not():
    entries = {"cccc": held("collected"), "dddd": held("ended", ()), "eeee": held("held")}

    assert await roster(slot("s", 0, **entries)) == ["AAAA-BBBB-CCCC", "AAAA-BBBB-EEEE"]


async def test_the_earliest_slot_comes_first():
    assert await roster(slot("b", 7200, late=held()), slot("a", 0, soon=held())) == ["AAAA-BBBB-SOON", "AAAA-BBBB-LATE"]


async def test_that_it_was_taken_is_on_record_before_it_is_shown():
    audit = FakeAudit()

    await roster(slot("s", 0, cccc=held(), dddd=held(), eeee=held("ended", ())), audit=audit)

    [record] = audit.records.values()
    assert (record.subject, record.action, record.who, record.listed) == ("school", "roster_taken", HANAKO.id, 2)


async def test_a_roster_taken_as_a_colleague_takes_it_is_on_record_too():
    audit, colleague = FakeAudit(), msgspec.structs.replace(HANAKO, id="u-colleague")

    for staff in (HANAKO, colleague):
        await Rosters(OneSite(slot("s", 0)), audit, FakeClock(NOW)).roster("school", staff)

    assert {record.who for record in audit.records.values()} == {HANAKO.id, "u-colleague"}


async def test_a_roster_taken_again_is_on_record_again_and_one_repeated_at_once_is_not():
    audit, clock = FakeAudit(), FakeClock(NOW)
    rosters = Rosters(OneSite(slot("s", 0)), audit, clock)

    for pause in (0, 1, SPAN, SPAN):
        clock.pass_(pause)
        await rosters.roster("school", HANAKO)

    assert len(audit.records) == 3


@pytest.mark.parametrize("site", ["other", "../school", ""])
async def test_an_unknown_site_is_refused_as_such(site: str):
    with pytest.raises(UnknownSite):
        await Rosters(OneSite(), FakeAudit(), FakeClock(NOW)).roster(site, HANAKO)
