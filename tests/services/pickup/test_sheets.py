"""Tables as spreadsheet programs save them: read, refused with the line, sent out and taken back."""

import csv
import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import door
from services.invisible import trimmed
from services.pickup.errors import SheetProblem, SheetRefused
from services.pickup.tables import sheets
from services.pickup.tables.sheets import Column, Row

COLUMNS = (Column("item", "品目", required=True), Column("units", "数量", required=True), Column("reason", "理由"))


def refused(content: bytes) -> list[tuple[int, str, str]]:
    with pytest.raises(SheetRefused) as error:
        sheets.read(content, COLUMNS)
    return [(problem.line, problem.column, problem.code) for problem in error.value.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_table_is_read_in_every_encoding_that_excel_saves(encoding: str):
    content = "品目,数量,理由\r\n毛布①,3,髙島﨑の分\r\nｾｯﾄ,4,\r\n".encode(encoding)

    assert sheets.read(content, COLUMNS) == [
        Row(2, {"item": "毛布①", "units": "3", "reason": "髙島﨑の分"}),
        Row(3, {"item": "ｾｯﾄ", "units": "4", "reason": ""}),
    ]


def test_columns_stand_in_any_order_by_title_or_key_and_may_be_left_out():
    assert sheets.read(b"units,item\n3,blanket\n", COLUMNS) == [Row(2, {"item": "blanket", "units": "3", "reason": ""})]


def test_empty_lines_count_but_are_passed_over():
    assert [row.line for row in sheets.read("品目,数量,\n\n ,,\n毛布,3\n".encode(), COLUMNS)] == [4]


def test_a_cell_of_several_lines_is_one_line_of_the_table():
    found = sheets.read('品目,数量,理由\n毛布,1,"ひとつ\nふたつ"\n水,2,\n'.encode(), COLUMNS)

    assert [(row.line, row.cells["reason"]) for row in found] == [(2, "ひとつ\nふたつ"), (3, "")]


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (b"", [(1, "品目", "missing_column"), (1, "数量", "missing_column")]),
        ("品目,数量\n".encode(), [(1, "", "empty_sheet")]),
        ("品目,数,理由\n毛布,3,\n".encode(), [(1, "数", "unknown_column"), (1, "数量", "missing_column")]),
        ("品目,数量,色,色\n毛布,3,,\n".encode(), [(1, "色", "unknown_column")] * 2),
        ("品目,数量,item\n毛布,3,水\n".encode(), [(1, "品目", "column_twice"), (1, "item", "column_twice")]),
        ('品目,数量\n毛布,3\n"水,4\n'.encode(), [(3, "", "broken_quotes")]),
        ("品目,数量\n毛布,3,4\n水,1\n茶,1,,,\n".encode(), [(2, "", "too_many_cells"), (4, "", "too_many_cells")]),
        (("品目,数量\n毛布,3\n水," + "4" * 2001 + "\n").encode(), [(3, "", "max_length")]),
        ("品目,数量\n".encode() + "毛布,3\n".encode() * 5000, [(1002, "", "too_many_lines")]),
        ("品目,数量\n毛布,3\n".encode() + b"\n" * 50_000, [(19_982, "", "too_many_lines")]),
        (b"item," * 101, [(1, "", "too_many_cells")]),
        (b"\xff\xfe\x00", [(1, "", "not_text")]),
        ("品目,数量\n毛\0布,3\n".encode(), [(1, "", "not_text")]),
        (b"PK\x03\x04\x14\x00\x06\x00", [(1, "", "not_text")]),
        (("品目,数量\n" + "毛布,1\n" * 1001).encode(), [(1002, "", "too_many_lines")]),
    ],
)
def test_what_is_no_table_of_these_columns_is_refused_with_its_line(content: bytes, problems: list):
    assert refused(content) == problems


def test_what_goes_out_has_a_bom_and_the_titles():
    assert sheets.write(COLUMNS, [{"item": "毛布", "units": -3}]) == "\ufeff品目,数量,理由\r\n毛布,-3,\r\n".encode()


@pytest.mark.parametrize("text", ["=1+1", "+81 90", "-見本", "@sum", '=HYPERLINK("x")'])
def test_text_that_would_be_a_formula_goes_out_defused_and_comes_back_whole(text: str):
    out = sheets.write(COLUMNS, [{"item": text, "units": 1}])

    assert list(csv.reader(io.StringIO(out.decode("utf-8-sig"))))[1][0] == f"'{text}"
    assert sheets.read(out, COLUMNS)[0].cells["item"] == text


text = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@given(
    st.lists(
        st.tuples(text.filter(lambda t: trimmed(t) == t and t and not t.startswith("'")), st.integers()), min_size=1
    )
)
def test_what_goes_out_comes_back_as_it_was(rows: list[tuple[str, int]]):
    out = sheets.write(COLUMNS, [{"item": item, "units": units} for item, units in rows])

    assert [(row.cells["item"], int(row.cells["units"])) for row in sheets.read(out, COLUMNS)] == rows


@given(st.binary(max_size=200))
def test_no_file_breaks_the_reader(content: bytes):
    with suppress(SheetRefused):
        assert sheets.read(content, COLUMNS)


def test_a_refusal_names_a_hundred_lines_at_most():
    lines = SheetRefused(tuple(SheetProblem(n, "", "broken_quotes") for n in range(500)))

    assert len(lines.problems) == door.MOST_PLACES
