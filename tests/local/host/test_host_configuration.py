"""host.json, local.settings.json and settings in bindings are read as the Functions host reads them."""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local.host.configuration import (
    ConfigurationError,
    HostOptions,
    QueueOptions,
    connection_string,
    load_settings,
    read_host_json,
    resolve,
    time_span,
)
from local.host.queues import Backoff


def read(folder: Path, document: Any) -> HostOptions:
    path = folder / "host.json"
    path.write_text(json.dumps(document))
    return read_host_json(path)


def test_an_empty_host_json_means_the_defaults_of_the_host(tmp_path: Path) -> None:
    assert read(tmp_path, {"version": "2.0"}) == HostOptions(
        "api", QueueOptions(16, 8, timedelta(minutes=1), timedelta(0), 5, base64=True)
    )


def test_an_empty_route_prefix_means_none(tmp_path: Path) -> None:
    assert read(tmp_path, {"extensions": {"http": {"routePrefix": ""}}}).route_prefix == ""


def test_queue_options_are_read_and_the_new_batch_threshold_is_half_a_batch(tmp_path: Path) -> None:
    queues = {"batchSize": 4, "maxPollingInterval": "00:00:00.500", "visibilityTimeout": "00:00:30"}
    options = read(tmp_path, {"extensions": {"queues": {**queues, "messageEncoding": "none", "maxDequeueCount": 2}}})
    assert options.queues == QueueOptions(4, 2, timedelta(seconds=0.5), timedelta(seconds=30), 2, base64=False)


@pytest.mark.parametrize(
    "queues",
    [
        {"batchSize": 33},
        {"batchSize": 0},
        {"batchSize": "4"},
        {"maxDequeueCount": 0},
        {"maxPollingInterval": "00:00:00.050"},
        {"visibilityTimeout": "30"},
        {"messageEncoding": "utf8"},
    ],
)
def test_queue_options_that_the_host_would_refuse_are_refused(tmp_path: Path, queues: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        read(tmp_path, {"extensions": {"queues": queues}})


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_a_host_json_that_is_missing_or_broken_is_named(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "host.json").write_text(content)
    with pytest.raises(ConfigurationError, match=r"host\.json"):
        read_host_json(tmp_path / "host.json")


def test_settings_fill_the_environment_where_nothing_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"KEPT": "from outside"})
    path = tmp_path / "local.settings.json"
    path.write_text(json.dumps({"Values": {"KEPT": "from file", "TEXT": "a", "NUMBER": 5, "FLAG": True}}))
    load_settings(path, required=True)
    assert os.environ == {"KEPT": "from outside", "TEXT": "a", "NUMBER": "5", "FLAG": "true"}


def test_a_settings_file_may_be_missing_unless_it_was_named(tmp_path: Path) -> None:
    load_settings(tmp_path / "none.json", required=False)
    with pytest.raises(ConfigurationError, match=r"none\.json"):
        load_settings(tmp_path / "none.json", required=True)


def test_encrypted_settings_are_refused(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"IsEncrypted": true}')
    with pytest.raises(ConfigurationError, match="encrypted"):
        load_settings(tmp_path / "s.json", required=True)


def test_every_percent_name_is_replaced_by_its_setting() -> None:
    assert resolve("%A%-x-%B%", {"A": "1", "B": "2"}) == "1-x-2"
    with pytest.raises(ConfigurationError, match="'%C%' does not resolve"):
        resolve("%C%", {"A": "1"})


def test_a_connection_is_a_setting_by_its_name_or_by_its_name_after_azure_web_jobs() -> None:
    settings = {"STORAGE": "plain", "AzureWebJobsOther": "prefixed", "AzureWebJobsStorage": "default"}
    assert connection_string("STORAGE", settings) == "plain"
    assert connection_string("Other", settings) == "prefixed"
    assert connection_string("", settings) == "default"


def test_an_identity_connection_and_a_missing_one_are_told_apart() -> None:
    with pytest.raises(ConfigurationError, match="not an identity"):
        connection_string("STORAGE", {"STORAGE__queueServiceUri": "https://account.queue.core.windows.net/"})
    with pytest.raises(ConfigurationError, match="no setting of that name"):
        connection_string("STORAGE", {})


def test_a_time_span_may_have_days_and_fractions() -> None:
    assert time_span("1.02:03:04.5000000") == timedelta(days=1, hours=2, minutes=3, seconds=4.5)


def test_polling_backs_off_from_a_tenth_of_a_second_to_the_maximum_and_starts_again_after_a_message() -> None:
    backoff = Backoff(1.0)
    waits = [backoff.next(found=False) for _ in range(8)]
    assert waits[0] == 0.1
    assert waits == sorted(waits)
    assert waits[-1] == 1.0
    assert backoff.next(found=True) == 0.1
    assert 0.18 <= backoff.next(found=False) <= 0.22
