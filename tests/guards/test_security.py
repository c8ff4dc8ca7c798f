"""SECURITY.md claims nothing that is not there: each threat names the test of its answer, or says that none is."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
STRIDE = [
    "Spoofing",
    "Tampering",
    "Repudiation",
    "Information disclosure",
    "Denial of service",
    "Elevation of privilege",
]
NO_TEST = "none yet"


def threats() -> list[tuple[str, str, str]]:
    """Return threat, answer and test of every row of the threat model."""
    model = TEXT.partition("## Threat model")[2].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in model if line.startswith("|")]
    return [(row[0], row[1], row[2]) for row in rows if row[0] != "threat" and set(row[0]) != {"-"}]


def test_every_path_of_the_security_page_is_there():
    named = re.findall(r"`([\w.-]+(?:/[\w.-]+)+|[\w-]+\.\w+)`", TEXT)

    assert len(named) > 30
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_threat_names_its_test_or_says_that_there_is_none():
    assert len(threats()) > 30
    assert [one for one in threats() if not (re.search(r"`tests/[\w./]+`", one[2]) or one[2].startswith(NO_TEST))] == []


def test_every_threat_without_an_answer_has_no_test():
    assert [one for one in threats() if one[1] == "none yet" and one[2] != "none yet"] == []


def test_every_kind_of_threat_is_modelled():
    assert re.findall(r"^### ([\w ]+)$", TEXT, re.MULTILINE) == STRIDE
