"""Phone numbers on a page: links that a phone can call."""

import re

from markupsafe import Markup, escape

from services import door

_NUMBER = re.compile(r"[+(（]?\d[\d() （）.－‐-]*\d")


def linked(text: str, phone: str) -> Markup:
    """Write a text as HTML with every mention of this phone number as a link."""
    return Markup(escape(text).replace(phone, _link(phone)))  # noqa: S704 - both parts are escaped


def _link(phone: str) -> Markup:
    """Link the first number; what follows it, such as an extension, stays text."""
    found = _NUMBER.search(phone)
    if found is None:
        return escape(phone)
    digits = re.sub("[^0-9+]", "", door.plain(found[0]))
    link = Markup('<a class="tel" href="tel:{}">{}</a>').format(digits, found[0])
    return escape(phone[: found.start()]) + link + escape(phone[found.end() :])
