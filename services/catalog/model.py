"""A service definition (手続き): its texts, form, routes and test cases, and the rules by which it is published."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar, Literal, Protocol

import msgspec

from services import times
from services.case.documents import SCHEMA_VERSION
from services.case.request import Request, Step
from services.case.task import Priority, Task
from services.errors import FieldError
from services.texts import Text
from services.times import Instant, Told

ACCEPTED_AFTER_REPLACEMENT = 24 * 3600.0
"""Seconds for which a version is still accepted after a newer one became current."""
LATEST_VERSION = 999_999_999
MOST_REPLACED = 100
"""Earlier versions that are accepted at a time."""
USUAL_OUTCOMES = ("done", "not_done")
type Delivered = Literal["all", "none"]
FOLLOW_UP = "follow-up"
"""The route of the supervisors' tasks."""
RESERVED_ROUTES = ("unrouted", "review", FOLLOW_UP)
"""Routes that no definition may use, besides those that sections reserve."""
RESERVED_TEAM_ENDINGS = ("-urgent", "-poison")
"""Endings that no name of a team may have, since the names of its queues end so."""


class _Strict(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True
):
    pass


ALWAYS = "true"
"""The `when` of a route that every request takes."""


class Route(_Strict, frozen=True, kw_only=True, omit_defaults=False):
    """Send a request to a team where the CEL rule `when` holds; `priority` is CEL too, `dueIn` an ISO 8601 duration.

    Without `when`, every request takes it; it is stored with one, which earlier versions of the app need.
    """

    id: str
    kind: str
    team: str
    priority: str
    when: str = ALWAYS
    due_in: timedelta


class FieldRule(_Strict, frozen=True, kw_only=True):
    """Refuse answers for which the CEL rule `when` holds, with a text of its own at a field (a JSON pointer)."""

    when: str
    field: str
    text: Text


class ExpectedTask(_Strict, frozen=True, kw_only=True):
    """Name a task that a case must lead to."""

    route: str
    team: str
    priority: Priority


class ExpectedError(_Strict, frozen=True, kw_only=True):
    """Name an error that a case must lead to."""

    pointer: str
    code: str


class Expectation(_Strict, frozen=True, kw_only=True):
    """Say what a case leads to: exactly these tasks where valid, exactly these errors where not."""

    valid: bool
    tasks: tuple[ExpectedTask, ...] = ()
    errors: tuple[ExpectedError, ...] = ()


class DefinitionCase(_Strict, frozen=True, kw_only=True):
    """Test the definition with one set of invented answers, sent on the day `today`."""

    name: str
    today: str | None = None
    answers: dict[str, Any]
    expect: Expectation


class Outcome(_Strict, frozen=True, kw_only=True):
    """Offer staff a way to end a task, besides `done` and `not_done`.

    `final` names it as an end, as `done` is: after any other, a supervisor looks at the request. `delivered` says what
    the household got where the task was to take supplies there; a person asks where it does not.
    """

    id: str
    title: Text
    final: bool = False
    delivered: Delivered | None = None


class Section(Protocol):
    """What a capability lets a definition say, under a key of its own.

    `reserved_routes` are the routes of tasks that the capability makes by itself, `options` what a field may name as
    `x-options`.
    """

    reserved_routes: ClassVar[tuple[str, ...]]
    options: ClassVar[tuple[str, ...]]

    def problems(self, definition: "Definition") -> Iterator[str]:
        """Find why the definition cannot be published with this section: each its place and, in Japanese, the fault."""

    def errors(self, answers: Mapping[str, Any]) -> Iterator[FieldError]:
        """Find what of answers that fit the form the capability cannot work with."""

    def first_steps(self, step: Step) -> dict[str, Step]:
        """Return what a new request has to do besides the dispatch, which is this step."""

    def task_ended(self, request: Request, definition: "Definition", task: Task, outcome: str, now: Instant) -> Request:
        """Let the request follow the end of one of its tasks."""


type Sections = Mapping[str, type[Section]]
"""The sections that capabilities know, by their keys."""


class Definition(_Strict, frozen=True, kw_only=True):
    """Describe one service as data; `sections` stand beside the other keys (services/catalog/documents.py)."""

    id: str
    title: Text
    purpose: Text
    phone: str
    form: dict[str, Any]
    routes: tuple[Route, ...]
    cases: tuple[DefinitionCase, ...]
    summary: Text = {}
    opens: Told | None = None
    closes: Told | None = None
    outcomes: tuple[Outcome, ...] = ()
    rules: tuple[FieldRule, ...] = ()
    sections: dict[str, Section] = {}

    @property
    def first_team(self) -> str:
        """Return the team that gets what no rule could place."""
        return self.routes[0].team

    @property
    def teams(self) -> tuple[str, ...]:
        """Return every team that the routes name, in their order."""
        return tuple(dict.fromkeys(route.team for route in self.routes))

    def is_final(self, outcome: str) -> bool:
        """Tell whether the definition names an outcome as an end."""
        return any(outcome == offered.id and offered.final for offered in self.outcomes)

    def knows_outcome(self, outcome: str) -> bool:
        """Tell whether staff may end a task with this outcome."""
        return outcome in USUAL_OUTCOMES or any(outcome == offered.id for offered in self.outcomes)


class Edition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Keep one published version; it never changes."""

    service: str
    version: int
    published_at: Instant
    definition: Definition


class Replaced(msgspec.Struct, frozen=True, rename="camel"):
    """Remember until when an earlier version was current."""

    version: int
    at: Instant


class Paused(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Say since when a service takes nothing, who stopped it (an id), and why, in words that residents read."""

    reason: Text
    at: Instant
    by_id: str


class Current(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Name the version of a service that is current, those it replaced, and whether the service is paused.

    `beside` is what stands in its document and this code does not know: it survives the next publication.
    """

    edition: Edition
    replaced: tuple[Replaced, ...] = ()
    paused: Paused | None = None
    schema_version: int = SCHEMA_VERSION
    etag: str = msgspec.field(default="", name="_etag")
    beside: dict[str, Any] = msgspec.field(default_factory=dict, name="_beside")

    @property
    def service(self) -> str:
        """Return the id of the service."""
        return self.edition.service

    def state(self, now: Instant) -> Literal["open", "closed", "paused"]:
        """Tell whether the service takes requests now, whatever version of its form they answer."""
        return "paused" if self.paused else state_of(self.edition.definition, now)

    def accepts(self, version: int, now: Instant) -> bool:
        """Tell whether answers to this version are taken: the current one, or one that was within 24 hours."""
        if version == self.edition.version:
            return True
        oldest = times.later(now, -ACCEPTED_AFTER_REPLACEMENT)
        return any(earlier.version == version and earlier.at >= oldest for earlier in self.replaced)


class Damaged(msgspec.Struct, frozen=True, kw_only=True):
    """Stand for a stored document that cannot be read: why, and what of its title can still be shown.

    `document` is its id; `reason` names types and fields of ours, never what stands in it.
    """

    service: str
    document: str
    reason: str
    title: Text = {}
    schema_version: int = SCHEMA_VERSION
    etag: str = ""


def state_of(definition: Definition, now: Instant) -> Literal["open", "closed"]:
    """Tell whether a service takes requests now, by its opening and closing times."""
    opened = definition.opens is None or times.moment(definition.opens) <= times.moment(now)
    ended = definition.closes is not None and times.moment(definition.closes) <= times.moment(now)
    return "open" if opened and not ended else "closed"


def next_edition(current: Current | None, definition: Definition, now: Instant, newest: int = 0) -> Current:
    """Make a definition current: the next version, with the one it replaces still accepted for a day.

    A paused service stays so. Of very many versions within a day, the latest are. `newest` is the highest version that
    was ever stored, where it may be later than the one that is replaced.
    """
    version = max(newest, current.edition.version if current else 0) + 1
    replaced: tuple[Replaced, ...] = ()
    if current:
        oldest = times.later(now, -ACCEPTED_AFTER_REPLACEMENT)
        kept = tuple(earlier for earlier in current.replaced if earlier.at >= oldest)
        replaced = (*kept, Replaced(current.edition.version, now))[-MOST_REPLACED:]
    edition = Edition(service=definition.id, version=version, published_at=now, definition=definition)
    made = Current(edition=edition, replaced=replaced)
    if current is None:
        return made
    return msgspec.structs.replace(made, etag=current.etag, beside=current.beside, paused=current.paused)
