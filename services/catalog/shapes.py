"""Every fault in the shape of a definition at its place, in Japanese: msgspec stops at the first one."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAliasType, get_args, get_origin

import msgspec

from services import door
from services.catalog.model import Definition, Sections

_TYPES = {
    "object": "項目のまとまり",
    "array": "一覧",
    "str": "文字",
    "int": "整数",
    "float": "数",
    "bool": "true か false",
    "duration": "期間（PT4H、P1D など）",
    "null": "空",
}
_KINDS = (
    (re.compile("Expected `([^`]*)`, got `([^`]*)`"), "{0}にします（今は{1}）"),
    (re.compile("Invalid enum value '?([^']*?)'?(?: -|$)"), "「{0}」という値はありません"),
    (re.compile("Invalid ISO8601 duration"), "期間の書きかたではありません（PT4H、P1D など）"),
)


def faults(raw: object, kinds: Sections) -> tuple[str, ...]:
    """Find every place of what is sent as a definition that has another shape."""
    if not isinstance(raw, Mapping):
        return ("/: 定義は、キーと値のまとまりにします",)
    own = {name: value for name, value in raw.items() if name not in kinds and name != "sections"}
    found = list(_of_struct(own, Definition, ""))
    if "sections" in raw:
        found.append("sections: 知らないキーです")
    for name, kind in kinds.items():
        if raw.get(name) is not None:
            found += _of(raw[name], kind, name)
    return tuple(found)


def of(raw: object, kind: Any, place: str) -> tuple[str, ...]:
    """Find every place of a value that has another shape than that of a type."""
    return tuple(_of(raw, kind, place))


def _of(raw: object, kind: Any, place: str) -> Iterator[str]:
    """Find what keeps a value from being of a type: within it where that can be told, else the value itself."""
    try:
        msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        within = list(_within(raw, kind, place))
        yield from within or [f"{place}: {_in_japanese(str(error))}"]


def _within(raw: object, kind: Any, place: str) -> Iterator[str]:
    while isinstance(kind, TypeAliasType):
        kind = kind.__value__
    arguments = get_args(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(raw, Mapping):
        yield from _of_struct(raw, kind, place)
    elif get_origin(kind) is tuple and isinstance(raw, list):
        for index, inner in enumerate(raw):
            yield from _of(inner, arguments[0], f"{place}[{index}]")
    elif get_origin(kind) is dict and isinstance(raw, Mapping):
        for name, inner in raw.items():
            yield from _of(inner, arguments[1], f"{place}.{door.step(str(name))}")
    elif type(None) in arguments and raw is not None:
        yield from _within(raw, next(one for one in arguments if one is not type(None)), place)


def _of_struct(raw: Mapping[str, Any], kind: type[msgspec.Struct], place: str) -> Iterator[str]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    before = f"{place}." if place else ""
    for name in raw:
        if name not in fields:
            yield f"{before}{door.step(str(name))}: 知らないキーです"
    for name, field in fields.items():
        if name in raw:
            yield from _of(raw[name], field.type, f"{before}{name}")
        elif field.required:
            yield f"{before}{name}: 必要なキーがありません"


def _in_japanese(error: str) -> str:
    for pattern, told in _KINDS:
        if found := pattern.search(error):
            return told.format(*(" か ".join(_TYPES.get(one, one) for one in g.split(" | ")) for g in found.groups()))
    return "使えない値です"
