"""What a document says and this code does not know survives a rewrite."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.case.documents import with_unknown

type Json = Any
names = st.sampled_from("abcdef")
leaves = st.none() | st.booleans() | st.integers(-3, 3) | st.text("xyz", max_size=2)
documents = st.dictionaries(
    names,
    st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=12
    ),
    max_size=4,
)


def known_of(raw: Json, known: set[str]) -> Json:
    """Return what code reads of a document that knows these keys only."""
    if isinstance(raw, list):
        return [known_of(one, known) for one in raw]
    if isinstance(raw, dict):
        return {key: known_of(value, known) for key, value in raw.items() if key in known}
    return raw


@given(documents, st.sets(names))
def test_a_document_that_is_written_as_it_was_read_is_the_same(raw: Json, known: set[str]):
    read = known_of(raw, known)

    assert with_unknown(read, read, raw) == raw


@given(documents, documents)
def test_a_document_of_which_everything_is_known_is_written_as_it_is(raw: Json, fresh: Json):
    assert with_unknown(fresh, raw, raw) == fresh


def test_what_was_changed_beside_an_unknown_key_is_changed():
    raw = {"status": "open", "later": 1, "lease": {"token": 1, "later": 2}}
    known = {"status": "open", "lease": {"token": 1}}

    assert with_unknown({"status": "done", "lease": {"token": 2}}, known, raw) == {
        "status": "done",
        "later": 1,
        "lease": {"token": 2, "later": 2},
    }
    assert with_unknown({"status": "done", "lease": None}, known, raw) == {"status": "done", "later": 1, "lease": None}


def test_an_entry_of_a_list_is_known_again_by_its_place_its_id_or_what_it_says():
    raw = {"tasks": [{"id": "a", "n": 1, "later": 1}, {"id": "b", "n": 2, "later": 2}], "on": [{"x": 1, "later": 3}]}
    known = {"tasks": [{"id": "a", "n": 1}, {"id": "b", "n": 2}], "on": [{"x": 1}]}

    fresh = {"tasks": [{"id": "b", "n": 9}, {"id": "c", "n": 3}], "on": [{"x": 0}, {"x": 1}]}

    assert with_unknown(fresh, known, raw) == {
        "tasks": [{"id": "b", "n": 9, "later": 2}, {"id": "c", "n": 3}],
        "on": [{"x": 0}, {"x": 1, "later": 3}],
    }


def test_what_is_removed_is_gone_with_what_stood_in_it():
    raw = {"pending": {"dispatch": {"kind": "dispatch", "later": 1}}}
    known = {"pending": {"dispatch": {"kind": "dispatch"}}}

    assert with_unknown({"pending": {}}, known, raw) == {"pending": {}}
