"""The form of a service with the contact of whoever fills it in: drawn for a page, and read as a submission."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from functions import fields
from functions.fields import Field, Option, Typed
from functions.texts import Texts
from services.catalog.model import Definition
from services.catalog.routing import CompiledService
from services.catalog.service import AS_SHIPPED
from services.requests.model import Contact, Submission

CONTACT = {"name": "name", "phone": "tel", "email": "email"}
"""The fields by which a resident is reached, with what a browser may fill in (HTML `autocomplete`)."""


def draw(
    definition: Definition, texts: Texts, typed: Typed, messages: Mapping[str, str], slots: Sequence[Option]
) -> tuple[Field, Field]:
    """Draw the form of a service and the contact; `messages` are by pointer, `slots` what a field of slots offers."""
    form = fields.draw(definition.form, "/answers", texts, typed, messages, slots)
    return form, fields.draw(_contact(texts), "/contact", texts, typed, messages)


def read(service: CompiledService, texts: Texts, typed: Typed, locale: str) -> Submission:
    """Read what was typed as a submission, whether it fits the form or not."""
    contact = fields.answers_in(_contact(texts), "/contact", typed)
    return Submission(
        service=service.definition.id,
        answers=fields.answers_in(service.definition.form, "/answers", typed),
        contact=msgspec.convert(contact, Contact),
        version=service.edition.version if service.edition.version != AS_SHIPPED else None,
        locale=locale,
    )


def _contact(texts: Texts) -> dict[str, Any]:
    """Describe the contact of a submission as a form is described."""
    parts = {
        name: {"type": "string", "x-autocomplete": autocomplete, "x-text": {"label": {"ja": texts(f"contact.{name}")}}}
        for name, autocomplete in CONTACT.items()
    }
    said = {"label": {"ja": texts("contact.title")}, "help": {"ja": texts("contact.help")}}
    return {"type": "object", "properties": parts, "x-text": said}
