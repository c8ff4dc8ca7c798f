"""Build what is published, from the locked hashes: `make package`.

`.package/app` is the folder that `func azure functionapp publish --no-build` sends, `.package/madoguchi-COMMIT.zip` the
same as one file, to be kept. The same commit gives the same bytes. Prints `name=value` lines: the commit, how many
functions there are, the size and the digest of the file.
"""

import sys

from package import build, contents, files

FOLDER = contents.ROOT / ".package"


def main() -> int:
    """Build the package; returns 1 where this Python is not the platform's."""
    if sys.version_info[:2] != tuple(map(int, build.PYTHON.split("."))):
        print(f"the platform runs Python {build.PYTHON}, and compiles for no other: {sys.version}", file=sys.stderr)
        return 1
    app, commit = FOLDER / "app", contents.commit()
    contents.copy(app, commit)
    build.install(app)
    build.compile_all(app)
    archive = FOLDER / f"madoguchi-{commit}.zip"
    files.pack(app, archive)
    print(f"commit={commit}")
    print(f"functions={build.functions(app)}")
    print(f"archive={archive.relative_to(contents.ROOT)}")
    print(f"bytes={archive.stat().st_size}")
    print(f"unpacked={sum(path.stat().st_size for path in app.rglob('*') if path.is_file())}")
    print(f"sha256={files.digest(archive)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
