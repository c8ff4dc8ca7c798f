"""The documents lead where they say: every link has its file and heading, every page that code names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
NAMING = ("services", "functions", "stores", "wiring", "local", "bench", "infra", "tests", "docs", "madoguchi.py")
CODE = re.compile(r"```.*?```", re.DOTALL)


def headings(page: Path) -> list[str]:
    """Return the addresses of the headings of a page, as the forge makes them."""
    found = re.findall(r"^#+ (.*)$", CODE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found]


def dangling(page: Path) -> list[str]:
    """Find the links of a page that lead to no file or no heading."""
    links = re.findall(r"\]\((?!https?:)([^)\s]+)\)", CODE.sub("", page.read_text(encoding="utf-8")))
    wrong = []
    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        if not target.exists() or (anchor and anchor not in headings(target)):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page: Path):
    assert dangling(page) == []
    assert len(set(headings(page))) == len(headings(page))


def test_every_page_that_code_messages_and_alerts_name_is_there():
    files = [path for name in NAMING for path in [ROOT / name, *(ROOT / name).rglob("*")]]
    texts = [
        path.read_text(encoding="utf-8")
        for path in files
        if path.suffix in (".py", ".bicep", ".yaml") and "node_modules" not in path.parts
    ]
    named = {name for text in texts for name in re.findall(r"\bdocs/[\w/.-]+\.md", text)}

    assert "docs/operations/alerts.md" in named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_glossary_names_modules_that_are_there_and_explains_each_word_once():
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    modules = re.findall(r"`((?:services|functions|stores|local)/[\w./]*)`", text)
    words = [row.split(" | ")[0] for row in text.splitlines() if row.startswith("| ")]
    words = [word for word in words if word != "| Word"]

    assert len(modules) > 50
    assert [module for module in modules if not (ROOT / module).exists()] == []
    assert len(set(words)) == len(words)


def test_the_map_of_operations_names_every_page_beside_it():
    folder = ROOT / "docs" / "operations"
    text = (folder / "README.md").read_text(encoding="utf-8")
    others = [path.name for path in folder.glob("*.md") if path.name != "README.md"]

    assert [name for name in others if f"({name})" not in text] == []
