"""A page as a test reads it. Reading one checks what every page of the counter must be."""

from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "hr", "img"}


class Element:
    """Hold an element with its attributes and all text within."""

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.text = ""

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")


class Page(HTMLParser):
    """Read a page and check it: its structure, and that whatever points to something finds it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        self._check_structure()
        self._check_references()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop().tag == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    @property
    def heading(self) -> str:
        return self.all("h1")[0].text.strip()

    @property
    def text(self) -> str:
        return self.all("main")[0].text

    @property
    def typed(self) -> dict[str, list[str]]:
        """Return what the page's own form would send, without a button."""
        sent: dict[str, list[str]] = {}
        for element in self.elements:
            if element.tag == "textarea":
                value = element.text.removeprefix("\n")
            elif element.tag == "input" and (
                element.get("type") not in ("radio", "checkbox") or "checked" in element.attributes
            ):
                value = element.get("value")
            else:
                continue
            sent.setdefault(element.get("name"), []).append(value)
        return sent

    def _check_structure(self) -> None:
        assert not self._open
        assert self.all("html")[0].get("lang") in ("ja", "en")
        assert len(self.all("h1")) == len(self.all("title")) == len(self.all("main")) == 1
        assert "|" in self.all("title")[0].text
        assert not self.all("script")
        assert not [
            e for e in self.elements if "style" in e.attributes or any(a.startswith("on") for a in e.attributes)
        ]

    def _check_references(self) -> None:
        ids = [e.get("id") for e in self.elements if "id" in e.attributes]
        assert len(ids) == len(set(ids)), "an id stands twice"
        named = [e.get("for") for e in self.all("label")]
        controls = [e for e in self.elements if e.tag in ("input", "textarea") and e.get("type") != "hidden"]
        assert [e.get("name") for e in controls if named.count(e.get("id")) != 1] == []
        pointed = [(e.get("aria-describedby") + " " + e.get("aria-labelledby")).split() for e in self.elements]
        links = [e.get("href")[1:] for e in self.all("a") if e.get("href").startswith("#")]
        assert {id_ for group in [*pointed, links, named] for id_ in group} <= set(ids)
        assert all(e.get("action").startswith("/") and e.get("method") == "post" for e in self.all("form"))
        assert all(e.text.strip() for e in self.elements if e.tag in ("a", "button", "label", "legend", "h1", "h2"))
