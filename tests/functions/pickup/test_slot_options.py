from functions.edge.texts import Texts
from functions.pickup.slot_options import options
from services.pickup.booking.offers import Line, Offer
from services.pickup.slots.turns import Opening
from services.pickup.stock.sites import Site

JA = Texts("ja")
SCHOOL = Site(id="site", site_id="school", name={"ja": "学校"}, kind="shelter", address="中央1")


def offer(day: int, *items: str) -> Offer:
    opening = Opening(
        id=f"pickup-{day}",
        site_id="school",
        starts=f"2026-11-{day}T01:00:00.000000Z",
        ends=f"2026-11-{day}T02:00:00.000000Z",
        method="pickup",
        is_open=True,
        places=9,
        free_places=4,
        allotted={},
        free={},
        has_line=False,
        entry_count=0,
    )
    lines = tuple(Line(item=item, title={"ja": item}, unit={}, units=1) for item in items)
    return Offer(opening=opening, site=SCHOOL, lines=lines)


def test_what_all_slots_of_a_site_hand_out_is_said_once():
    shown = options([offer(24, "水", "毛布"), offer(25, "水", "毛布")], JA)

    assert {option.group.note for option in shown if option.group} == {"お渡しするもの：水、毛布"}
    assert [(o.part, o.label, o.note) for o in shown] == [
        ("令和8年11月24日（火）", "10時から11時まで", "残り4世帯"),
        ("令和8年11月25日（水）", "10時から11時まで", "残り4世帯"),
    ]


def test_where_slots_hand_out_different_items_each_says_its_own():
    shown = options([offer(24, "水"), offer(25, "毛布")], JA)

    assert {option.group.note for option in shown if option.group} == {""}
    assert [option.note for option in shown] == ["残り4世帯。水", "残り4世帯。毛布"]


def test_the_slot_one_has_is_marked():
    [shown] = options([offer(24, "水")], JA, own="school.pickup-24")

    assert (shown.chosen, shown.note) == (True, "今の予約")
