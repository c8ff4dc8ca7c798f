import json
import re
from pathlib import Path

import pytest

from settings import OF_THE_SAMPLE, MissingSettings, Settings

SECRET = "0123456789abcdefghijklmnopqrstuv"
ROOT = Path(__file__).parent.parent
SAMPLE = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"]
OF_THE_HOST = {
    "FUNCTIONS_WORKER_RUNTIME",
    "AzureWebJobsStorage",
    "AzureWebJobsDisableHomepage",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT",
    "PYTHON_ENABLE_OPENTELEMETRY",
}


def test_the_sample_is_enough_to_start():
    settings = Settings.from_env(SAMPLE)

    assert settings.cosmos.connection_string
    assert settings.access_secrets == {1: b"for-a-desk-only-not-a-secret-0002"}


def test_every_missing_setting_is_named_in_one_error():
    with pytest.raises(MissingSettings) as error:
        Settings.from_env({})

    for name in set(SAMPLE) - OF_THE_HOST:
        assert name in str(error.value)


def test_the_sample_holds_exactly_what_the_settings_read():
    source = (ROOT / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'reader\.\w+\(\s*"([A-Z_]+)"', source))

    assert read == set(SAMPLE) - OF_THE_HOST


@pytest.mark.parametrize("calls", ["0", "-1", "many", "1.5"])
def test_a_limit_that_is_no_number_over_zero_is_refused(calls: str):
    with pytest.raises(MissingSettings, match="CALLS_PER_MINUTE is not a number over 0"):
        Settings.from_env(SAMPLE | {"CALLS_PER_MINUTE": calls})


ADDRESSES = {
    "COSMOS__accountEndpoint": "https://example.documents.azure.com:443/",
    "COSMOS__regions": "japaneast,japanwest",
    "COSMOS__clientId": "id",
    "STORAGE__queueServiceUri": "https://example.queue.core.windows.net/",
    "STORAGE__blobServiceUri": "https://example.blob.core.windows.net/",
}
SECRETS = {"REFERENCE_SECRET": SECRET, "ACCESS_SECRETS": f"1:{SECRET}"}
IN_AZURE = {k: v for k, v in SAMPLE.items() if k not in ("COSMOS", "STORAGE")} | ADDRESSES | SECRETS


def test_in_azure_the_stores_are_reached_by_address_and_identity():
    settings = Settings.from_env(IN_AZURE)

    assert settings.cosmos.connection_string is None
    assert settings.cosmos.account_endpoint == ADDRESSES["COSMOS__accountEndpoint"]
    assert settings.cosmos.regions == "japaneast,japanwest"
    assert settings.cosmos.client_id == "id"
    assert settings.storage.queue_service_uri == ADDRESSES["STORAGE__queueServiceUri"]


@pytest.mark.parametrize(
    "value",
    [
        "AccountEndpoint=https://city.documents.azure.com:443/;AccountKey=c2VjcmV0;",
        "AccountEndpoint=http://127.0.0.1.example.com/;AccountKey=c2VjcmV0;",
        "AccountKey=c2VjcmV0;",
    ],
)
def test_a_key_opens_an_emulator_on_this_machine_and_nothing_else(value: str):
    with pytest.raises(MissingSettings, match="COSMOS is a connection string to another place") as error:
        Settings.from_env(SAMPLE | {"COSMOS": value})

    assert "c2VjcmV0" not in str(error.value)


@pytest.mark.parametrize("value", ["secret", "a:b", "1:", "1:x,2"])
def test_access_secrets_without_a_version_are_refused(value: str):
    with pytest.raises(MissingSettings, match="ACCESS_SECRETS is not of the form"):
        Settings.from_env(SAMPLE | {"ACCESS_SECRETS": value})


def test_a_rotated_secret_stands_beside_the_earlier_one():
    settings = Settings.from_env(SAMPLE | {"ACCESS_SECRETS": f"1:{SECRET},2:{SECRET.upper()}"})

    assert settings.access_secrets == {1: SECRET.encode(), 2: SECRET.upper().encode()}


@pytest.mark.parametrize(
    ("weak", "why"),
    [
        ("x", "is shorter than 32 bytes; make one with: openssl rand -base64 48"),
        (SECRET[1:], "is shorter than 32 bytes"),
        ("a" * 64, "repeats a few characters"),
        ("abcdefg" * 10, "repeats a few characters"),
    ],
)
def test_a_secret_that_can_be_guessed_is_refused_with_every_other_and_never_quoted(weak: str, why: str):
    secrets = {"REFERENCE_SECRET": weak, "ACCESS_SECRETS": f"1:{SECRET},2:{weak}"}

    with pytest.raises(MissingSettings) as error:
        Settings.from_env(SAMPLE | secrets)

    assert f"REFERENCE_SECRET {why}" in str(error.value)
    assert f"ACCESS_SECRETS 2 {why}" in str(error.value)
    assert "ACCESS_SECRETS 1" not in str(error.value)
    assert len(weak) == 1 or weak not in str(error.value)


@pytest.mark.parametrize("name", ["REFERENCE_SECRET", "ACCESS_SECRETS"])
@pytest.mark.parametrize("emulator", [None, "COSMOS", "STORAGE"])
def test_a_secret_of_the_sample_opens_emulators_alone(name: str, emulator: str | None):
    beside = {emulator: SAMPLE[emulator]} if emulator else {}

    with pytest.raises(MissingSettings, match=f"{name}.* is that of the sample, which is for emulators alone"):
        Settings.from_env(IN_AZURE | beside | {name: SAMPLE[name]})


def test_every_secret_of_the_sample_is_known_as_one():
    held = [SAMPLE["REFERENCE_SECRET"], *(pair.partition(":")[2] for pair in SAMPLE["ACCESS_SECRETS"].split(","))]

    assert [secret for secret in held if not secret.encode().startswith(OF_THE_SAMPLE)] == []


@pytest.mark.parametrize("name", ["REFERENCE_SECRET", "ACCESS_SECRETS"])
def test_a_reference_that_key_vault_did_not_answer_is_no_secret(name: str):
    unresolved = "@Microsoft.KeyVault(VaultName=kv;SecretName=secret)"

    with pytest.raises(MissingSettings, match=f"{name} could not be read from Key Vault"):
        Settings.from_env(SAMPLE | {name: unresolved})
