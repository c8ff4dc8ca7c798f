"""With the tracing that Azure uses, and the settings of Bicep, every span is kept and none tells what documents say."""

import json
import os
import subprocess
import sys

from tests.conftest import ROOT, Emulators
from tests.infra import agreement, reading
from tests.stores.traced_as_in_azure import SPANS

WORD = "Mark7Xq2Personal"
OURS = {"madoguchi", "madoguchi.stores"}


def of_bicep() -> dict[str, str]:
    """Return the settings of tracing as they are deployed without a parameter of one's own."""
    infra = reading.read_all(reading.texts())
    assert agreement.traces_kept(infra) == []
    found = {name: value for name, value in agreement.settings(infra).items() if name.startswith("OTEL_")}
    return found | {"OTEL_TRACES_SAMPLER_ARG": "1.0"}


def traced(emulators: Emulators, settings: dict[str, str]) -> list[dict]:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.stores.traced_as_in_azure", emulators.cosmos, emulators.storage, WORD],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
        | {"APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true"}
        | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]


def errors_in(spans: list[dict]) -> list[str]:
    return [told for span in spans if (told := span["status"].get("description"))]


def test_every_span_is_kept_and_none_is_of_an_sdk_or_tells_more_than_the_type_of_an_error(emulators: Emulators):
    spans = traced(emulators, of_bicep())

    assert sum(span["name"] == "one of many" for span in spans) == SPANS
    assert {span["by"] for span in spans} <= OURS
    assert [span["events"] for span in spans if span["events"]] == []
    assert set(errors_in(spans)) == {"HttpResponseError"}
    assert WORD.lower() not in json.dumps(spans).lower()


def test_without_the_sampler_spans_are_missing(emulators: Emulators):
    settings = {name: value for name, value in of_bicep().items() if "SAMPLER" not in name}

    spans = traced(emulators, settings)

    assert sum(span["name"] == "one of many" for span in spans) < SPANS


def test_the_spans_of_the_sdks_would_tell_what_they_were_asked(emulators: Emulators):
    settings = {name: value for name, value in of_bicep().items() if "SAMPLER" in name}

    spans = traced(emulators, settings)

    assert {span["by"] for span in spans} - OURS
    assert [told for told in errors_in(spans) if "already exists" in told]
