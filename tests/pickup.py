"""An invented service that hands out kits, its site and slots, and residents who want one."""

from typing import Any

from services import times
from services.case.task import Staff
from services.pickup.stock.keeping import SiteFields, SlotFields, StockFields
from services.times import Instant
from tests.counter import SERVICE_PHONE

OFFICER = Staff("u-officer", "物資 係長", frozenset({"Team.supplies", "Supervisor"}))
NOW: Instant = "2026-11-23T00:00:00.000000Z"
TITLE = {"ja": "見本", "ja-easy": "見本（みほん）", "en": "sample"}

SUPPLIES: dict[str, Any] = {
    "items": [
        {"id": "kit", "title": TITLE, "unit": TITLE, "policy": "once", "perHousehold": 1},
        {"id": "water", "title": TITLE, "unit": TITLE, "policy": "daily", "perMember": 6},
    ],
    "policies": [
        {"id": "once", "title": TITLE},
        {"id": "daily", "title": TITLE, "period": {"calendar": "day"}},
    ],
}


def _text(label: str) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": 100, "x-text": {"label": {"ja": label}}}


PICKUP_DEFINITION: dict[str, Any] = {
    "id": "kits",
    "title": TITLE,
    "purpose": TITLE,
    "phone": SERVICE_PHONE,
    "form": {
        "type": "object",
        "required": ["name", "kana", "address", "members", "items"],
        "additionalProperties": False,
        "properties": {
            "name": _text("氏名"),
            "kana": _text("フリガナ"),
            "address": _text("住所"),
            "members": {"type": "integer", "minimum": 1, "maximum": 30, "x-text": {"label": {"ja": "人数"}}},
            "items": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"enum": ["kit", "water"]},
                "x-text": {"label": {"ja": "必要なもの"}, "options": {"kit": {"ja": "セット"}, "water": {"ja": "水"}}},
            },
            "slot": _text("受け取りの場所と時間"),
        },
        "examples": [
            {"name": "見本 花子", "kana": "ミホン ハナコ", "address": "見本市1-2-3", "members": 2, "items": ["kit"]}
        ],
    },
    "routes": [
        {
            "id": "prepare",
            "kind": "prepare-supplies",
            "team": "supplies",
            "priority": "'normal'",
            "when": "answers.members < 30",
            "dueIn": "P1D",
        },
        {
            "id": "large",
            "kind": "call-back",
            "team": "supplies",
            "priority": "'normal'",
            "when": "answers.members >= 30",
            "dueIn": "P1D",
        },
    ],
    "pickup": {
        "answers": {
            "name": "/name",
            "kana": "/kana",
            "address": "/address",
            "members": "/members",
            "items": "/items",
            "slot": "/slot",
        },
        "routes": {"pickup": "prepare"},
        "supplies": SUPPLIES,
    },
    "cases": [
        {
            "name": "a family",
            "answers": {"name": "見本", "kana": "ミホン", "address": "見本市1", "members": 2, "items": ["kit"]},
            "expect": {"valid": True, "tasks": [{"route": "prepare", "team": "supplies", "priority": "normal"}]},
        },
        {
            "name": "a large household",
            "answers": {"name": "見本", "kana": "ミホン", "address": "見本市1", "members": 30, "items": ["kit"]},
            "expect": {"valid": True, "tasks": [{"route": "large", "team": "supplies", "priority": "normal"}]},
        },
    ],
}


def answers(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return what the head of household number `number` answers."""
    household = {
        "name": f"見本 {number}郎",
        "kana": f"ミホン {_kana(number)}",
        "address": f"見本市中央一丁目{number + 1}番",
        "members": 2,
        "items": ["kit"],
    }
    return {**household, **changes}


def site(**changes: Any) -> SiteFields:
    return SiteFields(**{"name": {"ja": "見本第一小学校"}, "kind": "shelter", "address": "見本市中央1", **changes})


def slot(*, day: int = 1, hour: int = 10, places: int = 25, **allotted: int) -> SlotFields:
    """Return a slot of an hour, so many days after NOW, at an hour of Japan; a kit for every place if nothing else."""
    starts = times.later(NOW, day * 86_400 + (hour - 9) * 3600)
    return SlotFields(
        starts=starts, ends=times.later(starts, 3600), places=places, allotted=allotted or {"kit": places}
    )


def stock(id_: str = "delivery-0001", **lines: int) -> StockFields:
    return StockFields(id=id_, lines=lines)


def _kana(number: int) -> str:
    return "".join("アイウエオカキクケコ"[int(digit)] for digit in f"{number:04}")
