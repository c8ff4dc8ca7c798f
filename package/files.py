"""A folder as one file, the same bytes each time."""

import hashlib
import zipfile
from pathlib import Path

LONG_AGO = (1980, 1, 1, 0, 0, 0)
READABLE = 0o100644 << 16


def pack(folder: Path, archive: Path) -> None:
    """Write every file of a folder into an archive, in the order of their names, with no time and no owner."""
    paths = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for name, path in paths:
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = READABLE
            packed.writestr(entry, path.read_bytes())


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
