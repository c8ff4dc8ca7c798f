"""Checks of a service definition before it is published: each fault once, at its place in the file, in Japanese."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import msgspec

from services import door, times
from services.catalog import controls, forms
from services.catalog.documents import definition_of
from services.catalog.forms import Form, FormError
from services.catalog.model import (
    RESERVED_ROUTES,
    RESERVED_TEAM_ENDINGS,
    USUAL_OUTCOMES,
    Definition,
    Edition,
    Sections,
)
from services.catalog.routing import CompiledFieldRule, CompiledRoute, CompiledService
from services.catalog.rules import RuleError
from services.errors import DefinitionRefused, FieldError
from services.names import NAME_IN_WORDS as NAME
from services.names import is_name
from services.texts import Text

SOONEST, LATEST = timedelta(minutes=1), timedelta(days=366)
"""Between these is a task due, counted from the receipt."""
_UNREADABLE = {
    "control_character": "表示できない文字（制御文字など）があります",
    "hidden_character": "目に見えない文字があります",
    "number_out_of_range": "大きすぎる数です（2の53乗まで）",
}


def read_definition(raw: object, kinds: Sections) -> Definition:
    """Read a definition from its JSON or YAML values; raises DefinitionRefused for another shape."""
    if door.is_too_deep(raw):
        raise DefinitionRefused((f"/: 入れ子が深すぎます（{door.DEEPEST}段まで）",))
    found = (*forms.unsendable(raw), *forms.hidden(raw))
    if found:
        raise DefinitionRefused(tuple(_unreadable(error) for error in found))
    try:
        return definition_of(raw, kinds)
    except msgspec.ValidationError as error:
        from services.catalog import shapes

        raise DefinitionRefused(shapes.faults(raw, kinds) or (f"/: {error}",)) from error


def checked(raw: object, kinds: Sections) -> Definition:
    """Read a definition and check it; raises DefinitionRefused."""
    definition = read_definition(raw, kinds)
    check(definition, kinds)
    return definition


def check(definition: Definition, kinds: Sections) -> None:
    """Refuse a definition whose names, texts, form, rules or cases fail, with every reason."""
    reasons = tuple(dict.fromkeys(_problems(definition, kinds)))
    if reasons:
        raise DefinitionRefused(reasons)


def _problems(definition: Definition, kinds: Sections) -> Iterator[str]:
    from services.catalog import bounds

    too_large = tuple(bounds.problems(definition))
    if too_large:
        yield from too_large
        return
    yield from _problems_of_names(definition, kinds)
    yield from _problems_of_texts(definition)
    yield from _problems_of_times(definition)
    service, unusable = _compiled(definition)
    yield from unusable
    yield from controls.undrawable(definition)
    yield from controls.untold(definition.form)
    if controls.broken(definition.form):
        return
    for section in definition.sections.values():
        yield from section.problems(definition)
    if service is not None:
        from services.catalog import trials

        yield from trials.problems(service)


def _problems_of_names(definition: Definition, kinds: Sections) -> Iterator[str]:
    routes = [route.id for route in definition.routes]
    reserved = {*RESERVED_ROUTES, *(route for kind in kinds.values() for route in kind.reserved_routes)}
    if not is_name(definition.id):
        yield f"id: {NAME}（今は「{definition.id}」）"
    for index, route in enumerate(definition.routes):
        place = f"routes[{index}]"
        for key, name in (("id", route.id), ("team", route.team)):
            if not is_name(name):
                yield f"{place}.{key}: {NAME}（今は「{name}」）"
        if route.team.endswith(RESERVED_TEAM_ENDINGS):
            yield f"{place}.team: チームの名前の終わりに {' や '.join(RESERVED_TEAM_ENDINGS)} は使えません"
        if route.id in reserved:
            yield f"{place}.id: 「{route.id}」は、アプリが使う名前です"
        if route.id in routes[:index]:
            yield f"{place}.id: 「{route.id}」が2度使われています"
    outcomes = [*USUAL_OUTCOMES, *(outcome.id for outcome in definition.outcomes)]
    for index, outcome in enumerate(definition.outcomes):
        if outcome.id in outcomes[: index + len(USUAL_OUTCOMES)]:
            yield f"outcomes[{index}].id: 「{outcome.id}」が2度使われているか、もともとある結果です"


def _problems_of_texts(definition: Definition) -> Iterator[str]:
    yield from _without_japanese("title", definition.title)
    yield from _without_japanese("purpose", definition.purpose)
    for index, rule in enumerate(definition.rules):
        yield from _without_japanese(f"rules[{index}].text", rule.text)
    if not definition.phone.strip():
        yield "phone: 住民が電話できる番号が必要です"


def _without_japanese(place: str, text: Text) -> Iterator[str]:
    if not text.get("ja", "").strip():
        yield f"{place}.ja: 日本語の文が必要です"


def _problems_of_times(definition: Definition) -> Iterator[str]:
    given = {"opens": definition.opens, "closes": definition.closes}
    moments = {}
    for name, time in given.items():
        try:
            moments[name] = times.moment(time) if time is not None and times.told(time) else None
        except times.BeyondTime:
            yield f"{name}: 1970年から2999年までの日時にします（今は「{door.step(str(time))}」）"
        except ValueError:
            shown = door.step(str(time))
            yield f"{name}: 時差の付いた日時にします（2026-12-01T09:00:00+09:00 など。今は「{shown}」）"
    opens, closes = moments.get("opens"), moments.get("closes")
    if opens and closes and closes <= opens:
        yield "closes: opens より後にします"
    for index, route in enumerate(definition.routes):
        if not SOONEST <= route.due_in <= LATEST:
            yield f"routes[{index}].dueIn: 1分（PT1M）から366日（P366D）までにします"
    for index, case in enumerate(definition.cases):
        if case.today is not None and not _is_day(case.today):
            yield f"cases[{index}].today: 日付にします（2026-11-24 など。今は「{door.step(case.today)}」）"


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _compiled(definition: Definition) -> tuple[CompiledService | None, list[str]]:
    """Compile a definition, or return every reason why its form, routes and rules cannot be used."""
    form, routes, rules = None, [], []
    reasons = list(_faults_of_form(definition.form, "form"))
    if not reasons:
        form = Form(definition.form, forms.SMALL)
    if not definition.routes:
        reasons.append("routes: 1つは必要です")
    for index, route in enumerate(definition.routes):
        try:
            routes.append(compiled := CompiledRoute(route))
            reasons += [f"routes[{index}].{key}: {fault}" for key, fault in compiled.faults]
        except RuleError as error:
            reasons.append(f"routes[{index}].{error}")
    for index, rule in enumerate(definition.rules):
        try:
            rules.append(of_fields := CompiledFieldRule(rule))
            reasons += [f"rules[{index}].when: {fault}" for fault in of_fields.when.faults]
        except RuleError as error:
            reasons.append(f"rules[{index}].{error}")
        if forms.field_at(definition.form, rule.field) is None or not rule.field:
            reasons.append(f"rules[{index}].field: 「{door.step(rule.field)}」という項目は form にありません")
    if form is None or reasons:
        return None, reasons
    edition = Edition(service=definition.id, version=0, published_at=times.NEVER, definition=definition)
    return CompiledService(edition, form, tuple(routes), tuple(rules)), []


def _faults_of_form(schema: Any, place: str) -> Iterator[str]:
    """Find where a schema is none: field by field, since the library stops at the first fault."""
    try:
        Form(schema, forms.SMALL)
    except FormError as error:
        parts = schema.get("properties") if isinstance(schema, dict) else None
        named = parts.items() if isinstance(parts, dict) else ()
        within = [fault for name, part in named for fault in _faults_of_form(part, f"{place}.properties.{name}")]
        yield from within
        if not within or not error.place.startswith(".properties."):
            yield f"{place}{error.place}: JSON Schema（2020-12）として使えません（{_quoted(schema, error)}）"


def _quoted(schema: Any, error: FormError) -> str:
    """Quote what stands at the place of a fault, or name the reference that leads nowhere."""
    found = schema
    for step in error.place.split(".")[1:]:
        found = found.get(step) if isinstance(found, dict) else None
    if isinstance(found, str | int | float):
        return f"今は「{door.step(str(found))}」"
    return "$ref の先がこの定義の中にないか、書きかたが違います"


def _unreadable(error: FieldError) -> str:
    place = "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in forms.steps(error.pointer))
    return f"{place.removeprefix('.') or '/'}: {_UNREADABLE.get(error.code, error.code)}"
