"""The form of a service with the contact of whoever fills it in: drawn for a page, and read as a submission."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from functions.edge import fields
from functions.edge.fields import Field, Option, Typed
from functions.edge.texts import Texts
from services.case.request import Contact, Submission
from services.catalog.model import Definition

CONTACT = {"name": "name", "phone": "tel", "email": "email"}
"""The fields by which a resident is reached, with what a browser may fill in (HTML `autocomplete`)."""


def draw(
    definition: Definition,
    texts: Texts,
    typed: Typed,
    messages: Mapping[str, str],
    offered: Mapping[str, Sequence[Option]],
) -> tuple[Field, Field]:
    """Draw the form of a service and the contact; `messages` are by pointer, `offered` by `x-options`."""
    form = fields.draw(definition.form, "/answers", texts, typed, messages, offered)
    return form, fields.draw(_contact(texts), "/contact", texts, typed, messages)


def read(definition: Definition, texts: Texts, typed: Typed, version: int | None) -> Submission:
    """Read what was typed into an edition of the form as a submission, whether it fits the form or not."""
    contact = fields.answers_in(_contact(texts), "/contact", typed)
    return Submission(
        service=definition.id,
        answers=fields.answers_in(definition.form, "/answers", typed),
        contact=msgspec.convert(contact, Contact),
        version=version,
        locale=texts.language,
    )


def _contact(texts: Texts) -> dict[str, Any]:
    """Describe the contact of a submission as a form is described."""
    parts = {
        name: {"type": "string", "x-autocomplete": autocomplete, "x-text": {"label": {"ja": texts(f"contact.{name}")}}}
        for name, autocomplete in CONTACT.items()
    }
    said = {"label": {"ja": texts("contact.title")}, "help": {"ja": texts("contact.help")}}
    return {"type": "object", "properties": parts, "x-text": said}
