import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.edge.texts import LANGUAGES
from services.catalog import controls, publishing
from tests.catalog.definitions import SHIPPED, TODAY, compiled, fields_of, tasks
from wiring import SECTIONS

CERTIFICATE = "disaster-certificate"
UNREAD_KANJI = re.compile("[一-鿿々]+(?!（[ぁ-ん]+）)(?![一-鿿々])")
every_service = pytest.mark.parametrize("service", SHIPPED)


def values_of(field: dict[str, Any]) -> list[Any]:
    values: list[Any] = field.get("enum") or field.get("items", {}).get("enum", [])
    return values


def texts_of(service: str) -> Iterator[tuple[str, dict[str, str]]]:
    raw = SHIPPED[service]
    for name in ("title", "summary", "purpose"):
        yield name, raw[name]
    for outcome in raw["outcomes"]:
        yield f"outcome {outcome['id']}", outcome["title"]
    for number, rule in enumerate(raw["rules"]):
        yield f"rule {number}", rule["text"]
    for pointer, field in fields_of(service).items():
        for kind, said in field["x-text"].items():
            named = {"": said} if kind in ("label", "help") else said
            for name, text in named.items():
                yield f"{pointer} {kind} {name}".rstrip(), text


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
    assert list(controls.undrawable(compiled(service).definition)) == []


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

    assert 6 <= len(cases) <= 15
    assert len([case for case in cases if not case["expect"]["valid"]]) >= 2


@every_service
@settings(deadline=None)
@given(data=st.data())
def test_any_valid_answers_take_a_route_and_no_rule_fails(service: str, data: st.DataObject):
    planned = compiled(service).plan(data.draw(valid_answers(service)), TODAY)

    assert [task.reason for task in planned] == [None] * len(planned)


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
