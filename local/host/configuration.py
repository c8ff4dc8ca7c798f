"""What configures an app: host.json, local.settings.json and %NAME% in binding properties."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

_TIME_SPAN = re.compile(r"(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{2}):(?P<seconds>\d{2}(?:\.\d{1,7})?)")
_PERCENT_NAME = re.compile(r"%([^%]+)%")


class ConfigurationError(Exception):
    """A file or setting that keeps the host from starting; says which and why."""


@dataclass(frozen=True)
class QueueOptions:
    """`extensions.queues` of host.json."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_polling_interval: timedelta = timedelta(minutes=1)
    visibility_timeout: timedelta = timedelta(0)
    max_dequeue_count: int = 5
    base64: bool = True


@dataclass(frozen=True)
class HostOptions:
    """What the local host takes from host.json."""

    route_prefix: str = "api"
    queues: QueueOptions = QueueOptions()
    function_timeout: timedelta | None = timedelta(minutes=30)


def read_host_json(path: Path) -> HostOptions:
    """Read host.json. Raises ConfigurationError where it is missing or holds what the real host would refuse."""
    document = _read_json(path)
    extensions = document.get("extensions", {})
    prefix = extensions.get("http", {}).get("routePrefix", "api")
    timeout = document.get("functionTimeout", "00:30:00")
    queues = _queue_options(extensions.get("queues", {}))
    return HostOptions(prefix or "", queues, None if timeout == "-1" else time_span(timeout))


def load_settings(path: Path, required: bool) -> None:
    """Put the file's Values into the environment, where what is already set stays."""
    if not path.exists() and not required:
        return
    document = _read_json(path)
    if document.get("IsEncrypted"):
        raise ConfigurationError(f"{path}: encrypted settings are not supported; run `func settings decrypt`")
    for name, value in document.get("Values", {}).items():
        os.environ.setdefault(name, value if isinstance(value, str) else json.dumps(value))


def resolve(text: str, settings: Mapping[str, str] = os.environ) -> str:
    """Replace every %NAME% by the setting of that name. Raises ConfigurationError where there is none."""

    def value(found: re.Match[str]) -> str:
        if not settings.get(found[1]):
            raise ConfigurationError(f"'%{found[1]}%' does not resolve to a value: no setting of that name")
        return settings[found[1]]

    return _PERCENT_NAME.sub(value, text)


def connection_string(name: str, settings: Mapping[str, str] = os.environ) -> str:
    """Return the connection string that a binding's `connection` names (none: AzureWebJobsStorage)."""
    name = name or "AzureWebJobsStorage"
    for key in (f"AzureWebJobs{name}", name):
        if settings.get(key):
            return settings[key]
    if any(key.startswith((f"{name}__", f"AzureWebJobs{name}__")) for key in settings):
        raise ConfigurationError(f"connection {name}: the local host takes a connection string, not an identity")
    raise ConfigurationError(f"connection {name}: no setting of that name")


def time_span(text: str) -> timedelta:
    """Read a .NET time span, `[d.]hh:mm:ss[.fffffff]`."""
    found = _TIME_SPAN.fullmatch(text)
    if not found:
        raise ConfigurationError(f"'{text}' is not a time span like 00:00:30")
    return timedelta(**{unit: float(value or 0) for unit, value in found.groupdict().items()})


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path}: not a JSON object")
    return document


def _queue_options(values: Mapping[str, Any]) -> QueueOptions:
    batch_size = _within("batchSize", values.get("batchSize", 16), 1, 32)
    return QueueOptions(
        batch_size=batch_size,
        new_batch_threshold=_within(
            "newBatchThreshold", values.get("newBatchThreshold", batch_size // 2), 0, 2**31 - 1
        ),
        max_polling_interval=_at_least_100_ms(time_span(values.get("maxPollingInterval", "00:01:00"))),
        visibility_timeout=time_span(values.get("visibilityTimeout", "00:00:00")),
        max_dequeue_count=_within("maxDequeueCount", values.get("maxDequeueCount", 5), 1, 2**31 - 1),
        base64=_is_base64(values.get("messageEncoding", "base64")),
    )


def _within(name: str, value: Any, lowest: int, highest: int) -> int:
    if not isinstance(value, int) or not lowest <= value <= highest:
        raise ConfigurationError(f"host.json: queues.{name} must be a whole number from {lowest} to {highest}")
    return value


def _at_least_100_ms(interval: timedelta) -> timedelta:
    if interval < timedelta(milliseconds=100):
        raise ConfigurationError("host.json: queues.maxPollingInterval must be at least 00:00:00.100")
    return interval


def _is_base64(encoding: str) -> bool:
    if encoding.lower() not in ("base64", "none"):
        raise ConfigurationError(f"host.json: queues.messageEncoding is base64 or none, not {encoding}")
    return encoding.lower() == "base64"
