"""The product's own texts: `web/texts/{owner}/{language}.json`, where the owner is `core` or a capability.

What staff alone see (`staff.`) is Japanese.
"""

import json
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "web" / "texts"
DEFAULT = "ja"
LANGUAGES = ("ja", "ja-easy", "en")


class Texts:
    """Look up texts of one language; what is missing falls back to Japanese."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else DEFAULT

    def __call__(self, key: str, **values: object) -> str:
        """Return the text under a dotted key with its values filled in; the key itself where there is none."""
        text = _texts(self.language).get(key) or _texts(DEFAULT).get(key)
        return text.format_map(values) if text else key

    def under(self, prefix: str) -> dict[str, str]:
        """Return every Japanese text whose key begins with this, as it is: for scripts, which fill in the values."""
        return {key: text for key, text in _texts(DEFAULT).items() if key.startswith(prefix)}

    def has(self, key: str) -> bool:
        """Tell whether there is a text under this key."""
        return key in _texts(DEFAULT)

    def of(self, text: dict[str, str]) -> str:
        """Choose this language from a text of a definition."""
        return text.get(self.language) or text.get(DEFAULT, "")


def negotiate(accept_language: str) -> str:
    """Choose the language for an `Accept-Language` header (RFC 9110): the first we have, in its order of weight."""
    for wanted in sorted(_weighted(accept_language), key=lambda pair: -pair[1]):
        tag = wanted[0].lower()
        for language in (tag, tag.partition("-")[0]):
            if language in LANGUAGES:
                return language
    return DEFAULT


def _weighted(header: str) -> list[tuple[str, float]]:
    weighted = []
    for part in header.split(",")[:20]:
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighted.append((tag, float(weight or 1)))
        except ValueError:
            continue
    return weighted


@cache
def _texts(language: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in FOLDER.glob(f"*/{language}.json"):
        texts |= json.loads(path.read_text(encoding="utf-8"))
    return texts
