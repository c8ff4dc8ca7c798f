from pathlib import Path
from typing import Any

import pytest

from services.errors import DefinitionRefused
from stores.shipped import line_of, read_yaml


def read(folder: Path, content: str | bytes) -> Any:
    path = folder / "service.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_yaml(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("id: water\nphone: a\nid: food\n", "3行1文字目: キー「id」が2度あります"),
        ("form:\n  properties: {a: 1, b: 2, a: 3}\n", "2行28文字目: キー「a」が2度あります"),
        ("options:\n  1: {ja: いち}\n", "2行3文字目: キーは文字にします"),
        ("id: [water\nphone: a\n", "2行6文字目: YAML の書きかた"),
        ("id: !!python/object:os.system x\n", "1行5文字目: YAML の書きかた"),
        (b"title: \x83\x7e\n", "文字コードが UTF-8 ではありません（8バイト目から）"),
        ("title: a\x00\n", "YAML として読めません"),
        ("[" * 5000, "YAML として読めません"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_place(tmp_path: Path, content: str | bytes, reason: str):
    with pytest.raises(DefinitionRefused) as refusal:
        read(tmp_path, content)

    assert [found for found in refusal.value.reasons if found.startswith(reason)]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(DefinitionRefused, match="ファイルを読めません（No such file"):
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


@pytest.mark.parametrize(
    ("place", "line"),
    [("id", 1), ("routes[1].when", 6), ("routes[1].team", 5), ("routes[7]", 2), ("form.properties", None), ("/", None)],
)
def test_a_place_is_found_on_its_line_or_as_much_of_it_as_is_there(tmp_path: Path, place: str, line: int | None):
    path = tmp_path / "service.yaml"
    path.write_text("id: water\nroutes:\n  - id: a\n    when: x\n  - id: b\n    when: y\n", encoding="utf-8")

    assert line_of(path, place) == line
