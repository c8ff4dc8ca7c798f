"""What evaluating a rule can cost, told from its compiled expression before it is ever evaluated.

The CEL library bounds the steps of loops (10,000 an evaluation) and nothing else: neither what an expression builds nor
how long a comparison takes. So a rule builds nothing that grows, and what is left, calls times the size of the answers,
is counted before each evaluation.
"""

from collections.abc import Iterator

import msgspec

from services import door

MOST_STEPS = 10_000
"""Steps of loops in one evaluation: the bound of the library."""
MOST_WORK = 5_000_000
"""Values or pieces of text that one evaluation may look at, which takes some tenths of a second."""
_PIECE = 16
"""Characters that take as long to compare as one value."""
_OPERATORS = (
    *("_&&_", "_||_", "!_", "_?_:_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "_[_]"),
    *("-_", "_+_", "_-_", "_*_", "_/_", "_%_", "@not_strictly_false"),
)
_FUNCTIONS = (
    *("size", "int", "uint", "double", "string", "bool", "startsWith", "endsWith", "contains", "timestamp", "duration"),
    *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes"),
    "getSeconds",
)
_KNOWN = frozenset((*_OPERATORS, *_FUNCTIONS))
_GROWS = frozenset(("add_string", "add_bytes", "add_list"))

# Fields of cel.expr.CheckedExpr and Expr: https://github.com/google/cel-spec/tree/master/proto/cel/expr
_WHOLE, _REFERENCES, _EXPR = 2, 2, 4
_IDENT, _SELECT, _CALL, _LIST, _STRUCT, _LOOP = 4, 5, 6, 7, 8, 9
type _Fields = dict[int, list[int | bytes]]


class Cost(msgspec.Struct, frozen=True):
    """Count the calls of an expression by the loops around them, and the longest list that it writes out itself.

    `names` are the variables it reads; `faults` say in Japanese what of it has no bound.
    """

    calls: tuple[int, ...]
    longest: int
    names: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()

    def work(self, answers: object) -> int:
        """Bound the values and pieces of text that evaluating it on these answers looks at."""
        values = max(door.count_values(answers), self.longest)
        size = values + sum(len(text) for text in door.texts(answers)) // _PIECE
        work = 0
        for loops, calls in enumerate(self.calls):
            work += calls * min(values**loops, MOST_STEPS) * size
        return work


def cost_of(compiled: bytes) -> Cost:
    """Tell what an expression can cost, from the bytes in which the library serializes it."""
    checked = _fields(_one(_fields(compiled), _WHOLE))
    overloads = {}
    for entry in checked.get(_REFERENCES, []):
        known = _fields(entry)
        overloads[known[1][0]] = {_text(one) for one in _fields(known[2][0]).get(3, [])}
    found = [_Found(loops=0, calls=1)]
    found += _walk(_fields(checked[_EXPR][0]), overloads, 0, None)
    deepest = max(one.loops for one in found)
    return Cost(
        calls=tuple(sum(one.calls for one in found if one.loops == loops) for loops in range(deepest + 1)),
        longest=max(one.listed for one in found),
        names=frozenset(one.name for one in found if one.name),
        faults=tuple(dict.fromkeys(one.fault for one in found if one.fault)),
    )


class _Found(msgspec.Struct, frozen=True):
    loops: int
    calls: int = 0
    listed: int = 0
    name: str = ""
    fault: str = ""


def _walk(expr: _Fields, overloads: dict[int | bytes, set[str]], loops: int, item: str | None) -> Iterator[_Found]:
    """Go through an expression; `item` is what the innermost loop goes over."""
    inner: list[int | bytes] = []
    if _IDENT in expr:
        yield _Found(loops, name=_text(_one(_fields(_one(expr, _IDENT)), 1)))
    elif _SELECT in expr:
        inner = _fields(_one(expr, _SELECT))[1]
    elif _STRUCT in expr:
        yield _Found(loops, fault="{ } で値を組み立てることはできません")
    elif _LIST in expr:
        inner = _fields(_one(expr, _LIST)).get(1, [])
        yield _Found(loops, listed=len(inner))
        if any(_is_made(_fields(one)) for one in inner):
            yield _Found(loops, fault="[ ] には、決まった文字や数だけを書けます")
    elif _CALL in expr:
        call = _fields(_one(expr, _CALL))
        yield from _of_call(_text(_one(call, 2)), call, overloads.get(expr[2][0], set()), loops, item)
        inner = [] if _keeps(call, item) else [*call.get(1, []), *call.get(3, [])]
    elif _LOOP in expr:
        loop = _fields(_one(expr, _LOOP))
        yield from _walk(_fields(loop[2][0]), overloads, loops, item)
        for part in (5, 6):
            yield from _walk(_fields(loop[part][0]), overloads, loops + 1, _text(_one(loop, 1)))
    for one in inner:
        yield from _walk(_fields(one), overloads, loops, item)


def _of_call(name: str, call: _Fields, overloads: set[str], loops: int, item: str | None) -> Iterator[_Found]:
    yield _Found(loops, calls=1)
    if name not in _KNOWN:
        yield _Found(loops, fault=f"{name} は使えません")
    elif name == "contains" and any(_is_made(_fields(one)) for one in call.get(3, [])):
        yield _Found(loops, fault="contains( ) には、決まった文字だけを書けます")
    elif overloads & _GROWS and not _keeps(call, item):
        yield _Found(
            loops,
            fault="文字や一覧をつなぐことはできません（map も使えません。数の足し算は int(…) + int(…) と書きます）",
        )


def _keeps(call: _Fields, item: str | None) -> bool:
    """Tell whether a call is how `filter` keeps an item: it adds what it goes over, as it is, to what it kept."""
    if _text(_one(call, 2)) != "_+_" or len(call.get(3, [])) != 2 or item is None:
        return False
    kept, added = (_fields(one) for one in call[3])
    if _IDENT not in kept or not _text(_one(_fields(_one(kept, _IDENT)), 1)).startswith("@") or _LIST not in added:
        return False
    names = [_fields(one) for one in _fields(_one(added, _LIST)).get(1, [])]
    return [_text(_one(_fields(_one(name, _IDENT)), 1)) for name in names if _IDENT in name] == [item] * len(names)


def _is_made(expr: _Fields) -> bool:
    """Tell whether an expression is anything but a constant."""
    return any(kind in expr for kind in (_IDENT, _SELECT, _CALL, _LIST, _STRUCT, _LOOP))


def _one(fields: _Fields, number: int) -> int | bytes:
    return fields[number][0]


def _text(value: int | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else ""


def _fields(message: int | bytes) -> _Fields:
    """Read one message in the wire format of protocol buffers, which the library serializes to."""
    found: _Fields = {}
    rest = message if isinstance(message, bytes) else b""
    while rest:
        tag, rest = _number(rest)
        value: int | bytes
        if tag & 7 == 0:
            value, rest = _number(rest)
        else:
            length, rest = (8, rest) if tag & 7 == 1 else _number(rest)
            value, rest = rest[:length], rest[length:]
        found.setdefault(tag >> 3, []).append(value)
    return found


def _number(rest: bytes) -> tuple[int, bytes]:
    """Read a number of seven bits a byte, the lowest first."""
    value = 0
    for index, byte in enumerate(rest):
        value |= (byte & 127) << (7 * index)
        if byte < 128:
            return value, rest[index + 1 :]
    return value, b""
