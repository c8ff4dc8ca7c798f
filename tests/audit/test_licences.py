import pytest

from audit.licences import PAGE, UNKNOWN, declared, deployed, is_allowed, page
from audit.locks import text_of

BSD = "License :: OSI Approved :: BSD License"


def test_every_deployed_package_has_an_allowed_licence():
    listed = deployed()

    assert len(listed) > 50
    assert [one for one in listed if not is_allowed(one.licence)] == []


def test_the_page_of_licences_lists_what_is_deployed():
    assert text_of(PAGE) == page(deployed())


@pytest.mark.parametrize(
    ("expression", "name", "classifiers", "expected"),
    [
        ("Apache-2.0", "Apache License 2.0", [BSD], "Apache-2.0"),
        (None, "MIT License", [BSD], "MIT License"),
        (None, "Copyright (c) 2021\nRedistribution and use", [BSD], "BSD License"),
        (None, "x" * 100, ["Topic :: Internet", BSD], "BSD License"),
        (None, "", [], UNKNOWN),
        (None, None, [], UNKNOWN),
    ],
)
def test_a_licence_is_what_the_metadata_says_most_exactly(
    expression: str | None, name: str | None, classifiers: list[str], expected: str
):
    assert declared(expression, name, classifiers) == expected


@pytest.mark.parametrize("licence", ["MIT", "Apache-2.0 AND MIT", "Apache-2.0 OR BSD-3-Clause", "MIT or Apache-2.0"])
def test_what_asks_for_nothing_beside_it_is_allowed(licence: str):
    assert is_allowed(licence)


@pytest.mark.parametrize(
    "licence",
    [UNKNOWN, "", "GPL-3.0-only", "AGPL-3.0", "MIT AND GPL-2.0-only", "GPL-3.0 WITH GCC-exception-3.1", "Proprietary"],
)
def test_any_other_licence_is_refused(licence: str):
    assert not is_allowed(licence)
