import json
import re
from pathlib import Path

import pytest

from functions.edge.texts import FOLDER, LANGUAGES, Texts, negotiate
from tests.functions.edge.staff_texts import staff_texts_left_over

WEB = Path(__file__).parents[3] / "web"
BUILT = {"problem", "field", "status", "event", "booking", "next", "sheet", "staff", "language", "options"}
"""How the keys begin that no page names whole: of what the API says too, and what scripts look up."""
FILES = sorted(FOLDER.glob("*/*.json"))


def texts(path: Path) -> dict[str, str]:
    loaded: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def all_texts(language: str) -> dict[str, str]:
    return {key: text for path in FILES if path.stem == language for key, text in texts(path).items()}


def of_pages(language: str) -> dict[str, str]:
    return {key: text for key, text in all_texts(language).items() if key.partition(".")[0] not in BUILT}


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.mark.parametrize("owner", sorted({path.parent.name for path in FILES}))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_texts_with_the_same_values(owner: str, language: str):
    def values(text: str) -> set[str]:
        return set(re.findall(r"{\w+}", text))

    japanese = {key: values(text) for key, text in texts(FOLDER / owner / "ja.json").items()}
    told = texts(FOLDER / owner / f"{language}.json")

    wanted = {key: found for key, found in japanese.items() if language == "ja" or not key.startswith("staff.")}
    assert {key: values(text) for key, text in told.items()} == wanted
    assert all(text.strip() for text in told.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_stands_twice_under_one_key_in_one_folder_or_in_two(language: str):
    sources = [path.read_text(encoding="utf-8") for path in FILES if path.stem == language]
    keys = [key for source in sources for key in re.findall(r'^ +"([^"]+)":', source, re.MULTILINE)]

    assert {key for key in keys if keys.count(key) > 1} == set()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_folder_holds_languages_that_we_have(path: Path):
    assert path.stem in LANGUAGES


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_text_names_a_field_of_the_api(path: Path):
    said = {key: re.sub(r"{\w+}", "", text) for key, text in texts(path).items()}

    assert {key for key, text in said.items() if re.search(r"\b[a-z]+[A-Z]", text)} == set()


def test_every_text_that_a_page_shows_exists_and_none_is_left_over():
    sources = [*WEB.glob("templates/**/*.html"), *(WEB.parent / "functions").rglob("*.py")]
    begins = "|".join({key.partition(".")[0] for key in of_pages("ja")})
    named = rf'"((?:{begins})\.[a-z_.]+)"'
    used = {key for path in sources for key in re.findall(named, path.read_text(encoding="utf-8"))}
    built = {"contact.name", "contact.phone", "contact.email"}

    assert used | built == set(of_pages("ja"))


def test_every_text_of_the_staff_pages_is_shown_somewhere():
    assert staff_texts_left_over("core") == set()


def test_easy_japanese_reads_out_every_word_in_chinese_characters():
    unread = re.compile("[一-鿿々](?![一-鿿々]*[ぁ-ん]{0,4}（[ぁ-んー]+）)")
    found = {key: text for key, text in of_pages("ja-easy").items() if unread.search(text)}

    assert found == {}


def test_a_missing_text_falls_back_to_japanese_and_then_to_its_key():
    assert Texts("xx")("page.yes") == "はい"
    assert Texts("en")("nothing.here") == "nothing.here"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "ja"),
        ("en-GB,en;q=0.9", "en"),
        ("fr, en;q=0.4, ja;q=0.8", "ja"),
        ("ja-easy", "ja-easy"),
        ("vi", "ja"),
        ("en;q=broken, ja", "ja"),
    ],
)
def test_the_first_language_we_have_is_chosen_in_the_order_asked_for(header: str, language: str):
    assert negotiate(header) == language
