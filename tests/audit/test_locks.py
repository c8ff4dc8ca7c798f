import json

import pytest

from audit.locks import (
    LOCK,
    NPM,
    PYTHON,
    ROOT,
    VENDOR,
    Copied,
    Package,
    copied,
    lock_of,
    locked,
    named,
    pinned,
    text_of,
    unhashed,
    unpinned,
)

HASH = f"--hash=sha256:{'a' * 64}"


@pytest.mark.parametrize("lock", PYTHON)
def test_every_requirement_is_pinned_with_hashes(lock: str):
    assert unpinned(text_of(lock)) == []
    assert pinned(text_of(lock))


@pytest.mark.parametrize("lock", PYTHON)
def test_every_name_that_is_asked_for_is_locked(lock: str):
    asked = named(text_of(lock.replace(".txt", ".in")))

    assert asked
    assert asked <= {package.name for package in pinned(text_of(lock))}


@pytest.mark.parametrize(
    "line",
    [
        "jinja2",
        "jinja2>=3.1",
        "jinja2==3.1.6",
        f"jinja2>=3.1 {HASH}",
        "jinja2==3.1.6 \\\n    --hash=md5:aa",
        "git+https://example.com/jinja2.git",
        "-e .",
        "--extra-index-url https://example.com",
    ],
)
def test_a_requirement_without_version_or_hash_is_found(line: str):
    assert len(unpinned(f"msgspec==0.22.0 \\\n    {HASH}\n{line}\n")) == 1


@pytest.mark.parametrize("folder", NPM)
def test_every_npm_package_is_fetched_by_its_digest(folder: str):
    lock = text_of(f"{folder}/{LOCK}")

    assert len(locked(lock)) > 100
    assert unhashed(lock) == []


def test_an_npm_package_without_a_digest_is_found():
    assert unhashed(json.dumps({"packages": {"node_modules/axios": {"version": "0.27.2"}}})) == ["node_modules/axios"]


def test_the_same_package_has_one_version_in_what_is_deployed_and_what_tests_run_on():
    deployed, development = (set(pinned(text_of(lock))) for lock in PYTHON[:2])

    assert deployed <= development


def test_every_folder_of_copied_files_is_a_package_with_version_and_licence():
    found = copied(text_of(f"{VENDOR}/README.md"))

    assert {one.package.name for one in found} == {p.name for p in (ROOT / VENDOR).iterdir() if p.is_dir()}


def test_copied_files_are_asked_about_as_the_packages_they_come_from():
    (one,) = copied("| package | version | licence | what for |\n|---|---|---|---|\n| qr | 0.7.0 | MIT | reading |\n")

    assert one == Copied(Package("qr", "0.7.0"), "MIT")
    assert list(locked(lock_of([one.package])).values()) == [Package("qr", "0.7.0")]
