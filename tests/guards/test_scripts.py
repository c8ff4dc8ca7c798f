"""What keeps a word that somebody typed from running: policies of the pages, and how templates and scripts write it."""

import ast
import re
from pathlib import Path

import pytest

from functions.edge.headers import OF_ALL, OF_DATA, OF_PAGES, of_staff
from functions.edge.texts import Texts

FUNCTIONS = Path(__file__).parent.parent.parent / "functions"
STAFF = of_staff("https://issuer.example/tenant/v2.0")
WEB = Path(__file__).parent.parent.parent / "web"
TEMPLATES = {
    path.relative_to(WEB / "templates").as_posix(): path.read_text(encoding="utf-8")
    for path in (WEB / "templates").rglob("*.html")
}
STAFF_FOLDER = WEB / "static" / "staff"
SCRIPTS = {
    path.relative_to(STAFF_FOLDER).as_posix(): path.read_text(encoding="utf-8") for path in STAFF_FOLDER.rglob("*.js")
}
EMULATORS = WEB.parent / "local" / "emulators"
CHECKED = [*STAFF_FOLDER.rglob("*.js"), *EMULATORS.glob("*.js"), *(EMULATORS / "cosmos").glob("*.js")]
WRITTEN_BY_OTHERS = {"name", "by", "reason", "title", "unit", "site", "items", "granted", "reference"}
"""Values of texts that a resident, an officer or an editor wrote, or that stand for such."""


def directives(headers: dict[str, str]) -> dict[str, str]:
    """Return the Content-Security-Policy by directive."""
    return dict(one.strip().partition(" ")[::2] for one in headers["Content-Security-Policy"].split(";"))


def loaded_by(script: Path) -> set[str]:
    """Return a script and all that it imports, by their places in `web/static`."""
    found, left = set[Path](), [script.resolve()]
    while left:
        one = left.pop()
        found.add(one)
        imported = re.findall(r"""(?:\bfrom|\bimport\()\s*["'](\.[^"']+)""", one.read_text(encoding="utf-8"))
        left += {(one.parent / name).resolve() for name in imported} - found
    return {path.relative_to(WEB / "static").as_posix() for path in found}


def test_a_page_of_residents_runs_no_script():
    asked = directives(OF_PAGES)

    assert asked["default-src"] == "'none'"
    assert "script-src" not in asked


def test_a_page_of_staff_runs_our_scripts_and_speaks_to_us_and_the_issuer():
    asked = directives(STAFF)

    assert asked["default-src"] == "'none'"
    assert asked["script-src"] == "'self'"
    assert asked["connect-src"] == "'self' https://issuer.example"


@pytest.mark.parametrize("headers", [OF_PAGES, STAFF])
def test_no_page_may_be_framed_or_sends_its_forms_elsewhere(headers: dict[str, str]):
    asked = directives(headers)

    assert (asked["frame-ancestors"], asked["form-action"], asked["base-uri"]) == ("'none'", "'self'", "'none'")


def test_an_answer_that_is_no_page_runs_nothing_and_may_not_be_framed():
    assert directives(OF_DATA) == {"default-src": "'none'", "frame-ancestors": "'none'"}


def test_every_answer_keeps_other_sites_out_and_stays_what_it_says_it_is():
    assert OF_ALL["Cross-Origin-Opener-Policy"] == OF_ALL["Cross-Origin-Resource-Policy"] == "same-origin"
    assert (OF_ALL["Referrer-Policy"], OF_ALL["X-Content-Type-Options"]) == ("no-referrer", "nosniff")


def test_staff_alone_may_use_a_camera_and_nobody_anything_else():
    residents, staff = OF_ALL["Permissions-Policy"].split(", "), STAFF["Permissions-Policy"].split(", ")

    assert all(one.endswith("=()") for one in residents)
    assert {"camera", "geolocation", "microphone"} <= {one.partition("=")[0] for one in residents}
    assert set(staff) - set(residents) == {"camera=(self)"}


def test_every_answer_is_made_where_the_headers_of_all_stand():
    makers = {
        path.name
        for path in FUNCTIONS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("HttpResponse")
    }

    assert makers == {"headers.py"}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_holds_no_script_and_marks_nothing_safe_but_words_of_its_own(name: str):
    scripts = re.findall(r"<script\b[^>]*>", TEMPLATES[name])

    assert [one for one in scripts if 'src="/static/' not in one and 'type="application/json"' not in one] == []
    assert not re.search(r"""\son\w+=|\sstyle=|javascript:|autoescape""", TEMPLATES[name])
    assert re.findall(r"(?<!')\|\s*safe\b", TEMPLATES[name]) == []


@pytest.mark.parametrize("path", CHECKED, ids=lambda path: path.name)
def test_a_script_asks_for_its_types_to_be_checked(path: Path):
    """What does not ask for it is passed over by `make lint` without a word."""
    assert re.match(r"(#!.*\n)?// @ts-check\n", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_writes_text_and_never_html(name: str):
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", SCRIPTS[name])


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_somebody_wrote_stands_in_an_element_of_its_own_or_without_directions(name: str):
    theirs = {
        key.removeprefix("staff.")
        for key, text in Texts("ja").under("staff.").items()
        if WRITTEN_BY_OTHERS & set(re.findall(r"{(\w+)}", text))
    }
    beside_ours = re.findall(
        r"\$\{(?:titleOf|titled|[^}]*\.(?:kana|address|head|by|reason|title|unit|ja)\b)", SCRIPTS[name]
    )
    calls = re.findall(r'(?<!\w)t\((?:\w+ \? )?"([^"]+)"([^;]*)', SCRIPTS[name])

    assert [key for key, rest in calls if key in theirs and "plain(" not in rest] == []
    assert beside_ours == []


@pytest.mark.parametrize("first", ["home.js", "counter/counter.js"])
def test_the_service_worker_keeps_every_script_that_a_page_which_works_offline_loads(first: str):
    kept = set(re.findall(r'"/static/([^"]+\.js)"', SCRIPTS["worker.js"]))

    assert loaded_by(STAFF_FOLDER / first) - kept == set()


def test_nothing_leaves_the_element_of_its_own():
    """A `bdi` alone ends with the first U+2069 that somebody writes; a box of its own is laid out by itself."""
    css = (WEB / "static" / "staff" / "staff.css").read_text(encoding="utf-8")

    assert re.search(r"^bdi { display: inline-block;[^}]*overflow: clip;", css, re.MULTILINE)


def test_the_forms_of_residents_alone_know_a_cookie():
    folders = ("functions", "services", "stores", "web/static/staff")
    files = [path for folder in folders for path in (WEB.parent / folder).rglob("*.*") if path.suffix in (".py", ".js")]

    knowing = {path.name for path in files if "cookie" in path.read_text(encoding="utf-8").lower()}

    assert knowing == {
        "cookies.py",
        "drafts.py",
        "form_pages.py",
        "html.py",
        "pages.py",
        "receipt_pages.py",
        "sending.py",
    }
