from pathlib import Path
from typing import Any

import pytest

from services.errors import DefinitionRefused
from stores.shipped import read_yaml


def read(folder: Path, content: str | bytes) -> Any:
    path = folder / "service.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_yaml(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("id: water\nphone: a\nid: food\n", "line 3, column 1: the key 'id' is there twice"),
        ("form:\n  properties: {a: 1, b: 2, a: 3}\n", "line 2, column 28: the key 'a' is there twice"),
        ("options:\n  1: {ja: いち}\n", "line 2, column 3: a key must be text: put it in quotes"),
        ("id: [water\nphone: a\n", "line 2, column 6: "),
        ("id: !!python/object:os.system x\n", "line 1, column 5: could not determine a constructor"),
        (b"title: \x83\x7e\n", "the file is not UTF-8, from byte 8 on"),
        ("title: a\x00\n", "the file is not YAML: "),
        ("[" * 5000, "the file is not YAML: "),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_place(tmp_path: Path, content: str | bytes, reason: str):
    with pytest.raises(DefinitionRefused) as refusal:
        read(tmp_path, content)

    assert [found for found in refusal.value.reasons if found.startswith(reason)]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(DefinitionRefused, match="the file cannot be read: No such file"):
        read_yaml(tmp_path / "nothing.yaml")


def test_values_are_those_that_json_would_have(tmp_path: Path):
    content = "{a: yes, b: 2026-11-23, c: 0120, d: 1:30, e: true, f: -3, g: 1.5, h: , i: 0x10, j: '7', k: null, l: 1e3}"

    assert read(tmp_path, content) == {
        "a": "yes",
        "b": "2026-11-23",
        "c": "0120",
        "d": "1:30",
        "e": True,
        "f": -3,
        "g": 1.5,
        "h": None,
        "i": "0x10",
        "j": "7",
        "k": None,
        "l": 1000.0,
    }


def test_a_mapping_may_be_merged_into_another_that_overrides_it(tmp_path: Path):
    content = "base: &base {type: string, maxLength: 9}\nnote: {<<: *base, maxLength: 5}\n"

    assert read(tmp_path, content)["note"] == {"type": "string", "maxLength": 5}
