"""What capabilities add to the pages and answers of the platform, as values; `function_app` joins them."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from functions.edge.fields import Option, Typed
from functions.edge.html import Visit
from functions.edge.texts import Texts
from services.case.request import Request
from services.catalog import controls
from services.catalog.model import Definition
from services.errors import MadoguchiError
from wiring.app import App


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Tell how a part of a request stands.

    `says` are keys of the answer, `next` is the text of what comes next (None: the request's own), and `has_time` says
    that it comes at a time of its own, not by the deadline of a task.
    """

    says: dict[str, Any] = {}
    next: str | None = None
    has_time: bool = False


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a resident asked on the page of a request, and what became of it: a problem is told on the page."""

    step: str
    typed: Typed
    request: Request | None
    problem: MadoguchiError | None = None


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Lead staff with one of these roles to a page; `key` is where its texts begin."""

    address: str
    roles: str
    key: str


type Options = Callable[[App, Definition, Texts], Awaitable[Sequence[Option]]]
type Act = Callable[[Visit, str, str, Typed], Awaitable[Request]]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Describe how a capability shows itself.

    `options` are what a field may offer, by its `x-options`; `events` those that a resident reads about; `acts` what a
    resident may do with reference and access code, by the step that the form names, and `told` the refusals of it that
    are told on the page of the request. `values` are what its blocks on that page and on a receipt need, and `page`
    returns the template and values of a page to draw instead of the request's, or None. `notice` and `block` are
    templates on the page of a request, above and below its numbers, `receipt` one on a receipt; `links` lead staff.
    """

    options: Mapping[str, Options] = {}
    events: tuple[str, ...] = ()
    standing: Callable[[App, Request], Awaitable[Standing]] | None = None
    acts: Mapping[str, Act] = {}
    told: tuple[type[MadoguchiError], ...] = ()
    values: Callable[[Visit, Asked, Definition | None], dict[str, Any]] | None = None
    page: Callable[[Visit, Asked, Mapping[str, Any]], Awaitable[tuple[str, dict[str, Any]] | None]] | None = None
    notice: str | None = None
    block: str | None = None
    receipt: str | None = None
    links: tuple[Link, ...] = ()


_joined: list[Shown] = []


def join(*shown: Shown) -> None:
    """Let these capabilities, and no others, show themselves."""
    _joined[:] = shown


def joined() -> Iterator[Shown]:
    """Return the capabilities that show themselves."""
    return iter(_joined)


async def options_of(app: App, definition: Definition, texts: Texts) -> dict[str, Sequence[Option]]:
    """Return what the fields of a form offer, by their `x-options`."""
    return {
        source: await offer(app, definition, texts)
        for shown in _joined
        for source, offer in shown.options.items()
        if controls.offers(definition, source)
    }


async def standings(app: App, request: Request) -> list[Standing]:
    """Return how the parts of a request stand."""
    return [await shown.standing(app, request) for shown in _joined if shown.standing]


def events() -> set[str]:
    """Return the events of capabilities that a resident reads about."""
    return {event for shown in _joined for event in shown.events}
