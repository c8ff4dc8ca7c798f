import re
from pathlib import Path
from typing import Any

import pytest

from services.catalog import publishing
from services.catalog.model import USUAL_OUTCOMES
from stores.shipped import read_yaml
from wiring import SECTIONS

PAGE = Path(__file__).parent.parent.parent / "docs" / "definitions.md"


@pytest.fixture
def documented(tmp_path: Path) -> Any:
    """Read the example as a file that somebody copies from the page."""
    (example,) = re.findall("```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    path = tmp_path / "water-truck.yaml"
    path.write_text(example, encoding="utf-8")
    return read_yaml(path)


def test_the_documented_definition_can_be_published(documented: Any):
    publishing.check(publishing.read_definition(documented, SECTIONS), SECTIONS)


def test_the_documented_definition_shows_every_part_that_the_page_explains(documented: Any):
    definition = publishing.read_definition(documented, SECTIONS)

    assert len(definition.teams) == len(definition.routes) == 2
    assert {case.expect.valid for case in definition.cases} == {True, False}
    assert {outcome.id for outcome in definition.outcomes}.isdisjoint(USUAL_OUTCOMES)
