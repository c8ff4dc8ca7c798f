"""Pickup codes: a reference as a QR code (JIS X 0510), which opens nothing by itself."""

from markupsafe import Markup

from services.pickup.counter.counter import CODE_PREFIX

QUIET_ZONE = 4
"""Modules of white around the code, as the standard asks for."""


def content_of(reference: str) -> str:
    """Return what a code says: letters and digits of the alphanumeric mode, so that the code stays small."""
    return CODE_PREFIX + reference.replace("-", "").upper()


def drawing_of(reference: str) -> Markup:
    """Draw the code of a reference as SVG for the middle of a page; error correction is M (15 %)."""
    import segno

    code = segno.make_qr(content_of(reference), error="m", boost_error=False)
    return Markup(code.svg_inline(border=QUIET_ZONE, omitsize=True, light="#fff", svgclass=None, lineclass=None))  # noqa: S704 - drawn from digits
