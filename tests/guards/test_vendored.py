"""Libraries in web/static/vendor are as their publishers made them, and named with version and licence."""

import hashlib
from pathlib import Path

VENDOR = Path(__file__).parent.parent.parent / "web" / "static" / "vendor"
DIGESTS = {
    "oauth4webapi/index.js": "72a5f6d84416e92b659c6b8fd837c5fa38d44b7f2e18f91daa1fe57da677c7ad",
    "oauth4webapi/licence.txt": "81e7b4b0196e8caa43cf243131512e5e4ab04fc312623335e783abae6ff46d79",
    "qr/decode.js": "00e209820dcb11d624e9a03d6383e580766792b57d1651318f0a29e4e1ff0fe8",
    "qr/index.js": "a0de370051f94bd74f218f74401fdf197585e3f9ef0143164f87ea941a3fdd6f",
    "qr/licence.txt": "07a9f887e9215644439b808628b09f8eece932d79130ff563f958f3a1783e684",
}


def test_every_vendored_file_is_as_it_was_published():
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*/*")
    }

    assert found == DIGESTS


def test_every_vendored_package_is_listed_with_its_licence():
    listed = (VENDOR / "README.md").read_text(encoding="utf-8")

    assert [
        package.name for package in VENDOR.iterdir() if package.is_dir() and f"| {package.name} |" not in listed
    ] == []
