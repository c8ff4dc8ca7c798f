"""The form of a service filled in, sent and read as a browser without scripts does, over HTTP."""

from typing import Any

from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.over_http import RELIEF
from tests.html import Page

type Typed = dict[str, list[str]]

FORM = "/ja/services/relief-supplies"
CONTACT: Typed = {"/contact/phone": ["090-0000-0000"], "/contact/name": ["見本 花子"]}


def typed_of(answers: Any, pointer: str = "/answers") -> Typed:
    """Write answers as a form sends them."""
    if isinstance(answers, dict):
        parts = [typed_of(value, f"{pointer}/{name}") for name, value in answers.items()]
        return {name: values for part in parts for name, values in part.items()}
    if isinstance(answers, list):
        return {pointer: [str(value) for value in answers]}
    return {pointer: ["true"] if answers is True else [str(answers)] if answers is not False else []}


EXAMPLE = typed_of(RELIEF["form"]["examples"][0])


def get(desk: RunningDesk, path: str, status: int = 200) -> Page:
    answer = desk.http.get(path)
    assert answer.status_code == status, answer.text
    return Page(answer.text)


STEPS_OF_ITS_OWN = ("check", "send")
"""Steps of a form that have addresses of their own."""


def post(desk: RunningDesk, path: str, typed: Typed, step: str, status: int = 200) -> Page:
    if "/services/" in path and step in STEPS_OF_ITS_OWN:
        answer = desk.http.post(f"{path}/{step}", data=typed)
    else:
        answer = desk.http.post(path, data={**typed, "step": step})
    assert answer.status_code == status, answer.text
    return Page(answer.text)


def start(desk: RunningDesk, path: str = FORM) -> Typed:
    """Open the form and fill it in."""
    empty = get(desk, path).typed
    return {name: empty[name] for name in ("seed", "version")} | EXAMPLE | CONTACT


def receipt_on(page: Page) -> tuple[str, str]:
    """Read reference and access code from a receipt."""
    reference, code = [e.text for e in page.all("dd")]
    return reference, code


def sent(desk: RunningDesk) -> Typed:
    """Send the example and return what leads to its request."""
    reference, code = receipt_on(post(desk, FORM, start(desk), "send", 201))
    return {"reference": [reference], "accessCode": [code]}
