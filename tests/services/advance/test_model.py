import json

import pytest

from services.advance.model import read_wake_up
from services.errors import NeverPossible

REFERENCE = "K7M2-QX9P-D4TB"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    "reference", ["", "x", "../catalog", REFERENCE.lower(), f"{REFERENCE}\n", "A" * 60_000, "é" * 14]
)
def test_a_wake_up_names_a_reference_or_is_a_failure_that_quotes_nothing(reference: str):
    with pytest.raises(NeverPossible) as refusal:
        read_wake_up(json.dumps({"reference": reference}))

    assert str(refusal.value) == "not a wake-up: reference is none of ours"


@pytest.mark.parametrize("traceparent", ["", "00-short", TRACE.upper(), "x" * 60_000])
def test_a_traceparent_that_is_none_is_dropped(traceparent: str):
    assert read_wake_up(json.dumps({"reference": REFERENCE, "traceparent": traceparent})).traceparent is None
    assert read_wake_up(json.dumps({"reference": REFERENCE, "traceparent": TRACE})).traceparent == TRACE
