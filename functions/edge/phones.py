"""Phone numbers on a page: links that a phone can call."""

from markupsafe import Markup, escape

from services import phones


def linked(text: str, phone: str) -> Markup:
    """Write a text as HTML with every mention of this phone number as a link."""
    return Markup(escape(text).replace(phone, _link(phone)))  # noqa: S704 - both parts are escaped


def _link(phone: str) -> Markup:
    """Link the first number; what follows it, such as an extension, stays text."""
    found = phones.first_in(phone)
    if found is None:
        return escape(phone)
    link = Markup('<a class="tel" href="tel:{}">{}</a>').format(phones.digits(found[0]), found[0])
    return escape(phone[: found.start()]) + link + escape(phone[found.end() :])
