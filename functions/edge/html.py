"""The edge of every page: read a form, draw a template, and turn every error into a page that says what to do."""

import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import azure.functions as func
import msgspec

from functions.edge import clients, dates, phones, telemetry
from functions.edge.access import ANYONE
from functions.edge.bodies import body_of
from functions.edge.fields import Typed, first
from functions.edge.headers import OF_PAGES, respond
from functions.edge.problems import BadForm, FromElsewhere, retry_after, status_of
from functions.edge.texts import LANGUAGES, Texts
from services import door, times
from services.errors import MadoguchiError
from services.limits import Kind
from wiring import app
from wiring.app import App

if TYPE_CHECKING:
    from jinja2 import Environment

WEB = Path(__file__).parents[2] / "web"
LANG = "{lang:regex(^(" + "|".join(LANGUAGES) + ")$)}"
MAX_FORM = 256 * 1024
"""A body of 48 KiB as JSON, percent-encoded, with room for what the form adds."""
OWN_SITES = ("", "none", "same-origin")
"""What `Sec-Fetch-Site` says of a form of ours: nothing in an old browser, `none` where a page is loaded again."""
KEPT = "private, no-cache"
"""The back button shows the page as it was left, so that its form is sent under the same key."""
NOT_KEPT = "no-store"
"""Nobody who takes over the device finds the page."""

log = logging.getLogger("madoguchi.pages")


class Visit(msgspec.Struct, frozen=True):
    """Hold one call of a page: the request, the app, its texts, and where the page is (`services/water`)."""

    request: func.HttpRequest
    app: App
    texts: Texts
    place: str
    host_traceparent: str

    @property
    def traceparent(self) -> str:
        """Return the W3C traceparent of what is done now."""
        return telemetry.traceparent() or self.host_traceparent

    @property
    def is_secure(self) -> bool:
        """Tell whether the browser speaks HTTPS, to us or to the machine in front of the app."""
        scheme = self.request.headers.get("x-forwarded-proto") or self.request.url.partition(":")[0]
        return bool(scheme.strip().lower() == "https")

    def route(self, name: str) -> str:
        """Return a parameter of the route; the host leaves one out that catches all and caught nothing."""
        return str(self.request.route_params.get(name, ""))

    def form(self) -> Typed:
        """Read what a form sent; raises TooLarge, LengthMissing, BadForm."""
        body = body_of(self.request, MAX_FORM)
        try:
            return door.form(body)
        except door.Unreadable as error:
            raise BadForm(str(error)) from error

    def page(
        self,
        template: str,
        *,
        status: int = 200,
        wait: int | None = None,
        cache: str = KEPT,
        policy: Mapping[str, str] = OF_PAGES,
        cookie: str | None = None,
        **values: Any,
    ) -> func.HttpResponse:
        """Draw a template such as `pages/home`; `policy` are the headers that say what its browser may do.

        `cookie` is a Set-Cookie header.

        `wait` says after how many seconds the same may succeed.
        """
        now = times.moment(self.app.clock())
        known = {
            "t": self.texts,
            "place": self.place,
            "languages": LANGUAGES,
            "settings": self.app.settings,
            "phone": self.app.settings.municipality_phone,
            "wait": wait,
            "when": lambda instant: dates.instant_text(instant, self.texts.language),
            "span": lambda starts, ends: dates.span_text(starts, ends, self.texts.language),
            "is_past": lambda instant: times.moment(instant) <= now,
        }
        html = _environment().get_template(f"{template}.html").render(known | values)
        headers = {**policy, "Cache-Control": cache}
        if wait:
            headers["Retry-After"] = str(wait)
        if cookie:
            headers["Set-Cookie"] = cookie
        return respond(html, status=status, mimetype="text/html", headers=headers)

    def problem(self, error: MadoguchiError, template: str = "pages/problem", **values: Any) -> func.HttpResponse:
        """Draw a page that says what went wrong and what to do."""
        telemetry.record_refusal("page", error.code)
        status = status_of(type(error))
        if status >= 500:
            log.warning("%s: %s", error.code, error)
        phone = error.phone or self.app.settings.municipality_phone
        shown = {"phone": phone, **values}
        return self.page(template, **shown, status=status, wait=retry_after(error), problem=error)


type PageHandler = Callable[[Visit], Awaitable[func.HttpResponse]]


def page(place: str, limit: Kind | None = None) -> Callable[[PageHandler], Callable[..., Awaitable[func.HttpResponse]]]:
    """Make an HTTP function of a page, for anyone; `place` is its address below the language.

    With a `limit`, calls are counted by the address they come from.
    """

    def decorate(handler: PageHandler) -> Callable[..., Awaitable[func.HttpResponse]]:
        async def answered(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
            texts = Texts(req.route_params.get("lang", "").lower())
            host = context.trace_context.trace_parent or ""
            visit = Visit(req, app(), texts, place.format_map(req.route_params), host)
            try:
                if limit:
                    clients.admit(visit.app, req.headers, limit)
                _must_come_from_us(req)
                return await handler(visit)
            except MadoguchiError as error:
                return _refused(visit, error)

        async def function(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
            with telemetry.span(handler.__name__):
                return await telemetry.counted(handler.__name__, answered(req, context))

        function.__name__ = handler.__name__
        function.__doc__ = handler.__doc__
        function.access = ANYONE  # type: ignore[attr-defined]
        function.limit = limit  # type: ignore[attr-defined]
        return function

    return decorate


def _must_come_from_us(request: func.HttpRequest) -> None:
    """Refuse a form that a page of somebody else sends; raises FromElsewhere.

    Another host of the same domain (`same-site`) is somebody else too.
    """
    if request.method == "POST" and request.headers.get("sec-fetch-site", "") not in OWN_SITES:
        raise FromElsewhere()


def _refused(visit: Visit, error: MadoguchiError) -> func.HttpResponse:
    """Say what went wrong; where the same may succeed later, the page keeps what was typed and can send it again."""
    if visit.request.method != "POST" or retry_after(error) is None:
        return visit.problem(error)
    try:
        typed = visit.form()
    except MadoguchiError as refusal:
        return visit.problem(refusal)
    cache = NOT_KEPT if first(typed, "accessCode") else KEPT
    return visit.problem(error, "pages/waiting", typed=typed, step=first(typed, "step"), cache=cache)


@cache
def static_digest(name: str) -> str:
    """Return what tells one version of a file of `web/static/` from another."""
    return hashlib.sha256((WEB / "static" / name).read_bytes()).hexdigest()[:12]


def static_address(name: str) -> str:
    """Return the address of a file of `web/static/`; it changes with the file, so that caches may keep it for ever."""
    return f"/static/{name}?v={static_digest(name)}"


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(WEB / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = static_address
    environment.filters["tel"] = phones.linked
    return environment
