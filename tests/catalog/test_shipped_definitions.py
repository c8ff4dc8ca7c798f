import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.edge.texts import LANGUAGES
from services import times
from services.catalog import controls, publishing
from services.catalog.forms import child
from services.catalog.model import Edition
from services.catalog.routing import CompiledService
from services.pickup.entitlement.plan import Pickup
from stores.shipped import FOLDER, read_yaml
from wiring import SECTIONS

SHIPPED: dict[str, dict[str, Any]] = {path.stem: read_yaml(path) for path in sorted(FOLDER.glob("*.yaml"))}
RELIEF, CERTIFICATE = "relief-supplies", "disaster-certificate"
UNREAD_KANJI = re.compile("[一-鿿々]+(?!（[ぁ-ん]+）)(?![一-鿿々])")
CARE = ["disability", "nursingCare", "pregnant", "illness", "treatment", "language"]

every_service = pytest.mark.parametrize("service", SHIPPED)


@cache
def compiled(service: str) -> CompiledService:
    definition = publishing.read_definition(SHIPPED[service], SECTIONS)
    return CompiledService(Edition(service=service, version=0, published_at=times.NEVER, definition=definition))


def fields(schema: dict[str, Any], pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, part in schema.get("properties", {}).items():
        yield child(pointer, name), part
        yield from fields(part, child(pointer, name))


def fields_of(service: str) -> dict[str, dict[str, Any]]:
    return dict(fields(SHIPPED[service]["form"]))


def values_of(field: dict[str, Any]) -> list[Any]:
    values: list[Any] = field.get("enum") or field.get("items", {}).get("enum", [])
    return values


def texts_of(service: str) -> Iterator[tuple[str, dict[str, str]]]:
    raw = SHIPPED[service]
    for name in ("title", "summary", "purpose"):
        yield name, raw[name]
    for outcome in raw["outcomes"]:
        yield f"outcome {outcome['id']}", outcome["title"]
    for pointer, field in fields_of(service).items():
        for kind, said in field["x-text"].items():
            named = {"": said} if kind in ("label", "help") else said
            for name, text in named.items():
                yield f"{pointer} {kind} {name}".rstrip(), text


def tasks(service: str, **changes: Any) -> dict[str, tuple[str, str]]:
    """Return team and priority by route for the example with some answers changed."""
    answers = SHIPPED[service]["form"]["examples"][0] | changes
    assert compiled(service).form.errors(answers) == ()
    planned = compiled(service).plan(answers)
    assert [task.reason for task in planned] == [None] * len(planned)
    return {task.route: (task.team, task.priority) for task in planned}


def any_answer(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    match schema:
        case {"enum": values}:
            return st.sampled_from(values)
        case {"const": value}:
            return st.just(value)
        case {"type": "boolean"}:
            return st.booleans()
        case {"type": "integer", "minimum": least, "maximum": most}:
            return st.integers(least, most) | st.integers(least, most).map(float)
        case {"type": "string", "format": "date"}:
            return st.dates().map(lambda day: day.isoformat())
        case {"type": "string", "pattern": pattern}:
            return st.from_regex(pattern.replace("*", "{0,8}").replace("$", r"\Z"))
        case {"type": "string", "minLength": least, "maxLength": most}:
            return st.text(min_size=least, max_size=min(most, 8))
        case {"type": "array", "items": inner, "minItems": least}:
            return st.lists(any_answer(inner), min_size=least, unique=True)
        case {"type": "object", "properties": parts, "required": required}:
            return st.fixed_dictionaries(
                {name: any_answer(parts[name]) for name in required},
                optional={name: any_answer(part) for name, part in parts.items() if name not in required},
            )
    raise NotImplementedError(schema)


@st.composite
def valid_answers(draw: st.DrawFn, service: str) -> dict[str, Any]:
    """Draw answers, and add what becomes required by other answers."""
    form, fields_by_pointer = compiled(service).form, fields_of(service)
    answers: dict[str, Any] = draw(any_answer(form.schema))
    while errors := form.errors(answers):
        for error in errors:
            *sections, name = error.pointer[1:].split("/")
            section = answers
            for step in sections:
                section = section[step]
            least = {"minimum": error.limits["limit"]} if error.code == "minimum" else {}
            section[name] = draw(any_answer(fields_by_pointer[error.pointer] | least))
    return answers


def test_both_services_are_shipped():
    assert set(SHIPPED) == {RELIEF, CERTIFICATE}


@every_service
def test_a_shipped_definition_can_be_published_under_the_name_of_its_file(service: str):
    definition = publishing.read_definition(SHIPPED[service], SECTIONS)

    publishing.check(definition, SECTIONS)

    assert definition.id == service


@every_service
def test_every_text_is_in_every_language(service: str):
    missing = [f"{name}: {lang}" for name, text in texts_of(service) for lang in LANGUAGES if not text.get(lang)]

    assert missing == []


@every_service
def test_every_kanji_of_easy_japanese_has_its_reading(service: str):
    unread = {name: found for name, text in texts_of(service) if (found := UNREAD_KANJI.findall(text["ja-easy"]))}

    assert unread == {}


@every_service
def test_every_field_has_a_label_and_every_value_an_option(service: str):
    unlabelled = [pointer for pointer, field in fields_of(service).items() if "label" not in field["x-text"]]
    unmatched = [
        pointer
        for pointer, field in fields_of(service).items()
        if values_of(field) != list(field["x-text"].get("options", {}))
    ]

    assert unlabelled == unmatched == []


@every_service
def test_a_page_can_draw_every_field(service: str):
    assert list(controls.undrawable(SHIPPED[service]["form"], Pickup.options)) == []


@every_service
def test_every_field_is_bounded(service: str):
    bounds = {
        "string": {"minLength", "maxLength"},
        "integer": {"minimum", "maximum"},
        "array": {"minItems", "uniqueItems"},
        "object": {"additionalProperties", "required"},
    }

    unbounded = [
        pointer
        for pointer, field in {"": SHIPPED[service]["form"], **fields_of(service)}.items()
        if field.get("format") != "date" and not bounds.get(field.get("type", ""), set()) <= set(field)
    ]

    assert unbounded == []


@every_service
def test_a_section_that_may_be_left_out_asks_for_no_box(service: str):
    """The page reads an empty box that is required as `false`, which would make an empty section an answer."""
    form = SHIPPED[service]["form"]
    optional = {name: part for name, part in form["properties"].items() if name not in form["required"]}

    asked = [
        f"{section}/{name}"
        for section, part in optional.items()
        for name in part.get("required", ())
        if part["properties"][name].get("type") == "boolean"
    ]

    assert asked == []


@every_service
def test_a_definition_has_a_handful_of_cases_and_some_are_refused(service: str):
    cases = SHIPPED[service]["cases"]

    assert 6 <= len(cases) <= 12
    assert len([case for case in cases if not case["expect"]["valid"]]) >= 2


@every_service
@settings(deadline=None)
@given(data=st.data())
def test_any_valid_answers_take_a_route_and_no_rule_fails(service: str, data: st.DataObject):
    planned = compiled(service).plan(data.draw(valid_answers(service)))

    assert [task.reason for task in planned] == [None] * len(planned)


def test_a_household_that_comes_by_itself_gets_its_supplies_prepared():
    assert tasks(RELIEF) == {"prepare": ("supplies", "normal")}


@pytest.mark.parametrize(
    "household",
    [{"members": 2, "infants": 1}, {"members": 2, "elderly": 1}, *({"members": 2, "care": [need]} for need in CARE)],
)
def test_a_household_in_need_of_care_is_urgent(household: dict[str, Any]):
    delivered = tasks(RELIEF, household=household, receive="delivery", deliveryReason="mobility")

    assert tasks(RELIEF, household=household)["prepare"] == ("supplies", "urgent")
    assert delivered["deliver"] == ("delivery", "urgent")


def test_who_cannot_come_gets_a_home_delivery():
    planned = tasks(RELIEF, receive="delivery", deliveryReason="noTransport")

    assert planned == {"deliver": ("delivery", "normal")}


def test_a_delivery_needs_a_reason_and_a_place():
    answers = SHIPPED[RELIEF]["form"]["examples"][0] | {"receive": "delivery", "stayingAt": "car"}

    errors = compiled(RELIEF).form.errors(answers)

    assert [(e.pointer, e.code) for e in errors] == [("/stayingPlace", "required"), ("/deliveryReason", "required")]


@pytest.mark.parametrize("place", ["home", "car"])
def test_who_depends_on_treatment_is_called_once_and_within_hours(place: str):
    household = {"members": 1, "care": ["illness", "treatment"]}

    planned = tasks(RELIEF, household=household, stayingAt=place, stayingPlace="見本中央公園")

    assert planned == {"prepare": ("supplies", "urgent"), "medical-call": ("welfare", "urgent")}


@pytest.mark.parametrize(("care", "priority"), [({}, "normal"), ({"care": ["pregnant"]}, "urgent")])
def test_the_health_of_who_sleeps_in_a_car_is_looked_after(care: dict[str, Any], priority: str):
    planned = tasks(RELIEF, stayingAt="car", stayingPlace="見本中央公園", household={"members": 1} | care)

    assert planned["health-visit"] == ("welfare", priority)


@pytest.mark.parametrize(
    "changes", [{"diet": "卵"}, {"items": ["infantMilk"], "household": {"members": 3, "infants": 1}}]
)
def test_special_food_is_spoken_about_before_it_is_handed_out(changes: dict[str, Any]):
    assert tasks(RELIEF, **changes)["food-call"] == ("supplies", "urgent")


@pytest.mark.parametrize(
    ("items", "household", "refused"),
    [
        (["infantMilk"], {}, "required"),
        (["infantMilk"], {"infants": 0}, "minimum"),
        (["infantMilk"], {"care": ["disability"]}, "required"),
        (["infantMilk"], {"infants": 1}, None),
        (["childDiapers"], {}, "required"),
        (["childDiapers"], {"care": ["disability"]}, None),
        (["water"], {}, None),
    ],
)
def test_who_asks_for_what_is_only_for_children_says_how_many_there_are(
    items: list[str], household: dict[str, Any], refused: str | None
):
    answers = SHIPPED[RELIEF]["form"]["examples"][0] | {"items": items, "household": {"members": 3} | household}

    errors = {error.pointer: error.code for error in compiled(RELIEF).form.errors(answers)}

    assert errors == ({"/household/infants": refused} if refused else {})


@pytest.mark.parametrize("household", [{"members": 10}, {"members": 2, "infants": 2, "elderly": 1}])
def test_a_doubtful_number_of_people_is_confirmed_by_a_person_and_not_refused(household: dict[str, Any]):
    assert tasks(RELIEF, household=household)["confirm-members"] == ("supplies", "normal")


def test_a_damaged_home_is_surveyed():
    assert tasks(CERTIFICATE) == {"survey": ("certificates", "normal")}


@pytest.mark.parametrize(
    "changes",
    [
        {"care": ["elderly"]},
        {"stayingAt": "shelter", "stayingPlace": "見本第一小学校"},
        {"place": {"where": "registered", "tenure": "owned", "unlivable": True}},
    ],
)
def test_who_needs_care_or_has_no_home_to_live_in_is_surveyed_first(changes: dict[str, Any]):
    assert tasks(CERTIFICATE, **changes)["survey"] == ("certificates", "urgent")


def test_a_self_declared_light_damage_needs_no_visit():
    assert set(tasks(CERTIFICATE, selfDeclared=True)) == {"self-declared"}


def test_a_home_that_nobody_can_live_in_is_surveyed_whatever_was_declared():
    place = {"where": "registered", "tenure": "owned", "unlivable": True}

    assert set(tasks(CERTIFICATE, selfDeclared=True, place=place)) == {"survey"}


def test_a_late_application_is_taken():
    assert "closes" not in SHIPPED[CERTIFICATE]
    assert set(tasks(CERTIFICATE, disasterDate="2011-03-11")) == {"survey"}


def test_who_cannot_come_gets_the_certificate_by_post():
    assert tasks(CERTIFICATE, receive="post")["post"] == ("delivery", "normal")


def test_what_is_no_home_is_certified_as_reported():
    assert set(tasks(CERTIFICATE, damaged=["belongings"])) == {"report"}
    assert set(tasks(CERTIFICATE, damaged=["home", "building"])) == {"survey", "report"}


def test_a_fire_goes_to_the_fire_station_and_nowhere_else():
    proxy = {"name": "例示 夏男", "relation": "other"}

    assert set(tasks(CERTIFICATE, cause="fire", receive="post", proxy=proxy)) == {"fire-station"}


@pytest.mark.parametrize(("relation", "checked"), [("sameHousehold", False), ("family", True), ("other", True)])
def test_the_papers_of_a_proxy_are_checked_unless_of_the_same_household(relation: str, checked: bool):
    planned = tasks(CERTIFICATE, proxy={"name": "例示 夏男", "relation": relation})

    assert ("proxy-papers" in planned) == checked


def test_who_lived_elsewhere_than_registered_has_the_residence_checked():
    place = {"where": "elsewhere", "address": "見本市西町5番地", "tenure": "rented"}

    assert tasks(CERTIFICATE, place=place)["residence"] == ("certificates", "normal")
