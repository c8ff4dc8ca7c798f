"""Open on a desk what an officer would: two invented pickup sites with stock, and slots for the next three days."""

import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from services import times
from services.case.task import Staff
from services.errors import Refusal
from services.pickup.errors import UnknownSite
from services.pickup.stock.fields import SiteFields, SlotFields, StockFields
from services.pickup.stock.keeping import Keeping
from services.pickup.stock.sites import Method
from services.times import Instant
from wiring.app import App
from wiring.pickup import pickup

DAYS = 3
PLACES = {"pickup": 60, "delivery": 20}
HOURS: dict[Method, tuple[tuple[int, int], ...]] = {"pickup": ((10, 12), (13, 15), (15, 17)), "delivery": ((13, 17),)}
UNITS_A_PLACE = {"water": 24, "food": 12, "blanket": 4, "toiletPaper": 4, "portableToilet": 20, "sanitaryPads": 2}
OFFICER = Staff("seed", "見本 物資係", frozenset({"Team.supplies", "Supervisor"}))

SCHOOL = SiteFields(
    name={
        "ja": "見本第一小学校 避難所",
        "ja-easy": "見本第一小学校（みほんだいいちしょうがっこう）",
        "en": "Mihon Daiichi School shelter",
    },
    kind="shelter",
    address="見本市中央一丁目1番1号",
    hours={"ja": "9時から18時まで", "ja-easy": "9時（じ）から 18時（じ）まで", "en": "9:00 to 18:00"},
    access={
        "ja": "正門から車いすで入れます。駐車場はありません。",
        "ja-easy": "車（くるま）いすで 入（はい）れます。車（くるま）を 止（と）める ところは ありません。",
        "en": "Step-free by the main gate. No car park.",
    },
    phone="0000-00-0011",
    lat=35.0,
    lon=135.0,
)
GYM = SiteFields(
    name={
        "ja": "見本市民体育館 物資拠点",
        "ja-easy": "見本市民体育館（みほんしみんたいいくかん）",
        "en": "Mihon City Gym depot",
    },
    kind="depot",
    address="見本市南町5番地",
    hours={"ja": "9時から17時まで", "ja-easy": "9時（じ）から 17時（じ）まで", "en": "9:00 to 17:00"},
    access={
        "ja": "駐車場が30台分あります。入口に段差はありません。",
        "ja-easy": "車（くるま）を 30台（だい） 止（と）められます。車（くるま）いすで 入（はい）れます。",
        "en": "30 parking spaces. Step-free entrance.",
    },
    phone="0000-00-0012",
    lat=35.01,
    lon=135.01,
)
SITES: tuple[tuple[str, SiteFields, dict[str, int], tuple[Method, ...]], ...] = (
    ("mihon-school", SCHOOL, {"infantMilk": 1, "childDiapers": 1}, ("pickup",)),
    ("mihon-gym", GYM, {"childDiapers": 1, "adultDiapers": 2}, ("pickup", "delivery")),
)


async def seed_desk(app: App) -> None:
    """Add what is missing on a desk."""
    await seed(pickup(app).keeping, app.clock())


async def seed(keeping: Keeping, now: Instant) -> None:
    """Add what is missing; keep whatever an officer changed of a site, its stock and its slots."""
    for id_, fields, more, methods in SITES:
        try:
            await keeping.site(id_)
        except UnknownSite:
            await keeping.put_site(id_, fields, OFFICER)
        for day in _days(now):
            try:
                await _seed_day(keeping, id_, day, UNITS_A_PLACE | more, methods)
            except Refusal as refusal:
                print(f"{id_} on {day} stays as it is: {refusal}", file=sys.stderr)


async def _seed_day(keeping: Keeping, site: str, day: date, units: dict[str, int], methods: tuple[Method, ...]) -> None:
    """Let a day's supplies come in, a quarter more than its slots hand out, and open the slots."""
    slots = [slot for method in methods for slot in _slots(day, method, units)]
    lines = {item: sum(slot.allotted[item] for slot in slots) * 5 // 4 for item in units}
    await keeping.move(site, StockFields(id=f"seed-{day:%Y%m%d}", lines=lines), OFFICER)
    for slot in slots:
        await keeping.open_slot(site, slot, OFFICER)


def _slots(day: date, method: Method, units: dict[str, int]) -> Iterator[SlotFields]:
    places = PLACES[method]
    for starts, ends in HOURS[method]:
        yield SlotFields(
            starts=times.instant(datetime.combine(day, time(starts), times.JAPAN)),
            ends=times.instant(datetime.combine(day, time(ends), times.JAPAN)),
            method=method,
            places=places,
            allotted={item: each * places for item, each in units.items()},
        )


def _days(now: Instant) -> list[date]:
    today = times.moment(now).astimezone(times.JAPAN).date()
    return [today + timedelta(days=n) for n in range(1, DAYS + 1)]
