"""When requests come from one household: one spelling for names and addresses, an exact key, a scored likeness.

What the resident typed stays as it is; a normal form beside it is compared (GIF: search on a normalised key).
Keys and blocks stand in documents, so the folding that makes them has a version (`FOLDING`). Whoever changes it makes a
new version and keeps the old one callable: until `refolding` has rewritten it, what the old one made is found under the
keys and blocks of both.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher

import msgspec

from services.door import LONGEST_LINE
from services.invisible import without_unseen
from services.phones import within_japan
from services.pickup.households.characters import KATAKANA, PREFECTURES, VARIANTS

FOLDING = 2
"""The version of the folding. 1 read invisible characters too; 2 drops them, and reads one line's length of each text.

The characters are those of Unicode 15.1: with another version of `unicodedata` comes another folding.
"""
POSSIBLE_DUPLICATE = 0.5
"""The score from which a person should look: no name, address or phone reaches it alone, as strangers share each."""
MAX_BLOCK = 80
"""Characters of one entry of the index of candidates."""

_LONGEST_OF_FOLDING_1 = 2_000
"""Characters: folding 1 itself had no limit, and its cost grows with the square of a run of combining marks."""
_SIMILAR = 0.8
_COMPARED = 100
# 山田陽子 and 山田洋子 (both ヤマダヨウコ), 中央1-2-3 and 中央1-2-3見本荘201: same_kana and similar_address make 0.55
_WEIGHTS = {
    "same_phone": 0.45,
    "same_kana": 0.3,
    "similar_kana": 0.25,
    "same_name": 0.15,
    "same_family_name": 0.2,
    "same_address": 0.35,
    "similar_address": 0.25,
}

# コ-ポ, コ−ポ and コ〜ポ mean コーポ
_DASHES = "-‐‒–—―−─━⁃~〜"
# 二〇三 -> 203: the index of each of the first ten is its value
_NUMERALS = "〇一二三四五六七八九十百千"
# The inside of a character class: 関, the 々 of 佐々木, 﨑 and 𠮷 match, の and ケ do not
_KANJI = "々\u3400-\u4dbf\u4e00-\u9fff\ufa0e-\ufa29\U00020000-\U0003ffff"
# 二十三 -> 23, 千二百 -> 1200
_UNITS = {"十": 10, "百": 100, "千": 1000}

# 葛\U000e0100 -> 葛
_SELECTORS = "[\ufe00-\ufe0f\U000e0100-\U000e01ef]"
# é, taken apart into e and \u0301, -> e
_ACCENTS = "[\u0300-\u036f]"
# A dash after kana: コ-ポ見本 -> コーポ見本, but センター-3 and コ-3 keep theirs, as a number comes next
_LONG_MARK = rf"(?<=[ぁ-をァ-ヲヴ])[{_DASHES}]+(?! ?[0-9a-z])"
# A long mark after no kana is a dash: 中央1ー2 -> 中央1 2, but コーポ keeps it
_LONE_MARK = "(?<![ぁ-ゖァ-ヺ])ー+"
# The numerals of 五反田二丁目 -> 五反田2丁目, 第三区 -> 第3区 and 二番五 -> 2番5; 三田 and 千代田 are names
_NUMBER = (
    rf"[{_NUMERALS}]{{1,9}}(?=丁|番|号|条|線|地割|階|棟|[の ][0-9{_NUMERALS}])"
    rf"|(?<=第)[{_NUMERALS}]{{1,9}}"
    rf"|(?:(?<=[目番地])|(?<=[0-9{_NUMERALS}番地号棟室][の ]))[{_NUMERALS}]{{1,9}}(?=$| )"
)
_PLACE_NAMES = (
    # 霞が関 -> 霞ケ関
    (rf"(?<=[{_KANJI}ぁ-ん])[がガ](?=[{_KANJI}])", "ケ"),
    # 堀ノ内 and 堀之内 -> 堀の内
    (rf"(?<=[{_KANJI}])[ノ之](?=[{_KANJI}])", "の"),
    # 四ッ谷 and 四つ谷 -> 四ツ谷
    (rf"(?<=[{_KANJI}])[ッつっ](?=[{_KANJI}])", "ツ"),
    # 佐藤様方 -> 佐藤方
    ("様+方", "方"),
)
# 1丁目2番3号 -> 1 2 3, 1の2 -> 1 2, a棟201 -> a 201; 3番町 and 3番館 are names
_COUNTERS = "(?<=[0-9a-z])(?:番地|番(?![町館街丁通])|号[室棟館]?|棟|丁目?(?=[0-9])|[のノ](?=[0-9]))+"
# 100-0001東京都千代田区 -> 千代田区
_LEADING = rf"^(?:[0-9]{{3}}-?[0-9]{{4}}(?=[^0-9a-z-])|{PREFECTURES})+"
# 見本市中央1-2-3見本荘201 -> 見本市中央1-2-3, 南1条西5-2-3-101 -> 南1条西5-2-3
_LAND = "(?:[^0-9a-z]+[0-9]+(?=[条線区町]|番町|地割))*[^0-9a-z]+[0-9]+(?:-[0-9]+){0,2}"


class Household(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what tells a household from others, as the resident typed it."""

    name: str
    kana: str
    address: str
    phone: str | None = None


class Likeness(msgspec.Struct, frozen=True):
    """Say how likely two households are one: 0 to 1, and the findings it rests on, as stable codes."""

    score: float
    reasons: tuple[str, ...]


def key_of(household: Household, secret: bytes, folding: int = FOLDING) -> str:
    """Derive the key that every spelling of one person at one address shares: 32 hex characters.

    The room stays in it: people who share a building, a house or a 様方 are households of their own.
    """
    parts = "\0".join(("household", *_identity(_as_read(household, folding))))
    return hmac.digest(secret, parts.encode(), hashlib.sha256).hex()[:32]


def former_keys(household: Household, secret: bytes) -> tuple[str, ...]:
    """Return the keys that former foldings gave a household, as far as they are others than its key of today."""
    keys = [key_of(household, secret, folding) for folding in _formerly()]
    return tuple(sorted(set(keys) - {key_of(household, secret)}))


def normal_kana(text: str) -> str:
    """Bring a フリガナ to one spelling: full-width katakana, one long mark, Latin letters lower and without accents.

    Small kana become large, as banks and old systems write them (キヨウコ for キョウコ); voiced marks stay, since
    ヤマサキ and ヤマザキ are two names. Source: GIF, 氏名 with フリガナ.
    """
    katakana = _folded(text).translate(KATAKANA)
    joined = _spaced(re.sub(_LONG_MARK, "ー", katakana)).replace(" ", "")
    return unicodedata.normalize("NFKC", re.sub("ー+", "ー", joined))


def normal_name(text: str) -> str:
    """Bring a 氏名 to one spelling: no spaces, and one form for the variants of a character (JIS X 0213)."""
    return unicodedata.normalize("NFKC", _spaced(_folded(text)).replace(" ", ""))


def normal_address(text: str) -> str:
    """Bring an address to one spelling: `見本市中央1-2-3見本荘201`.

    Without prefecture, postal code, 大字 and 字; 丁目, 番地 and 号 become dashes, numbers before them digits, ヶ is ケ.
    The parts are those of the Address Base Registry, but no town is looked up in it: any text passes, of any country.
    """
    spaced = re.sub("大?字", " ", re.sub(_LONE_MARK, " ", _spaced(re.sub(_LONG_MARK, "ー", _folded(text)))))
    plain = unicodedata.normalize("NFKC", _squeezed(spaced, f"0-9{_NUMERALS}"))
    for pattern, form in _PLACE_NAMES:
        plain = re.sub(pattern, form, plain)
    counted = re.sub(_COUNTERS, " ", re.sub(_NUMBER, _digits, plain).replace("階", "f"))
    return re.sub(_LEADING, "", _squeezed(counted, "0-9").replace(" ", "-"))


def blocks_of(household: Household, folding: int = FOLDING) -> tuple[str, ...]:
    """List the entries of an index that finds candidates: kana (k:), address without building (a:), phone (t:)."""
    read = _as_read(household, folding)
    found = (("k:", _person(read)), ("a:", _land(normal_address(read.address))), ("t:", _phone(read)))
    return tuple((prefix + text)[:MAX_BLOCK] for prefix, text in found if text)


def blocks_of_every_folding(household: Household) -> tuple[str, ...]:
    """List the entries under which a household is found, whenever it was folded."""
    found = [block for folding in (FOLDING, *_formerly()) for block in blocks_of(household, folding)]
    return tuple(dict.fromkeys(found))


def kind_of(block: str) -> str:
    """Return the kind of evidence that an entry of the index is."""
    return block[:2]


def likeness(one: Household, other: Household) -> Likeness:
    """Score how likely two households are one, whichever comes first; 1.0 only where their keys are equal."""
    one, other = _as_read(one, FOLDING), _as_read(other, FOLDING)
    reasons = tuple(_reasons(one, other))
    if _identity(one) == _identity(other):
        return Likeness(1.0, reasons)
    return Likeness(min(0.99, round(sum(_WEIGHTS[reason] for reason in reasons), 2)), reasons)


def _formerly() -> range:
    return range(FOLDING - 1, 0, -1)


def _as_read(household: Household, folding: int) -> Household:
    """Return a household as a folding reads it: with bounded texts and, from 2 on, without invisible characters."""
    read = _seen if folding > 1 else _begun
    return Household(
        name=read(household.name),
        kana=read(household.kana),
        address=read(household.address),
        phone=(household.phone or "")[:LONGEST_LINE],
    )


def _seen(text: str) -> str:
    """Drop invisible characters, also those that NFKC makes, and what is longer than a line: space is cut first."""
    seen = without_unseen(text)
    if len(seen) > LONGEST_LINE:
        seen = re.sub(r"\s+", " ", seen)[:LONGEST_LINE]
    return without_unseen(unicodedata.normalize("NFKC", seen))


def _begun(text: str) -> str:
    return text[:_LONGEST_OF_FOLDING_1]


def _reasons(one: Household, other: Household) -> Iterator[str]:
    if _phone(one) and _phone(one) == _phone(other):
        yield "same_phone"
    yield from _reasons_of_person(one, other)
    here, there = normal_address(one.address), normal_address(other.address)
    if here and here == there:
        yield "same_address"
    elif _may_be_one_address(here, there):
        yield "similar_address"


def _reasons_of_person(one: Household, other: Household) -> Iterator[str]:
    kana = _person(one), _person(other)
    if kana[0] and kana[0] == kana[1]:
        yield "same_kana"
    elif _ratio(*kana) >= _SIMILAR:
        yield "similar_kana"
    elif _begin_alike(one.name, other.name) or _begin_alike(one.kana, other.kana):
        yield "same_family_name"
    if normal_name(one.name) and normal_name(one.name) == normal_name(other.name):
        yield "same_name"


def _identity(household: Household) -> tuple[str, str]:
    return _person(household), normal_address(household.address)


def _person(household: Household) -> str:
    """Return the kana, or the name where the kana says nothing: an address alone must never make a household."""
    return normal_kana(household.kana) or normal_kana(household.name)


def _phone(household: Household) -> str:
    return within_japan(household.phone or "")


def _land(address: str) -> str:
    """Cut the building off a normal address: at most three numbers (丁目, 番, 号) after the name of the town."""
    found = re.match(_LAND, address)
    return found[0] if found else address


def _may_be_one_address(one: str, other: str) -> bool:
    """Tell whether one only leaves out the city, the building's name, or building and room; no number may differ."""
    if _numbers(one) == _numbers(other):
        return _fits(*(re.split("[0-9]", address, maxsplit=1)[0] for address in (one, other)))
    return (one == _land(one) or other == _land(other)) and _fits(_land(one), _land(other))


def _numbers(address: str) -> list[str]:
    """List what tells doors apart: numbers, and letters that stand alone (A棟)."""
    return re.findall("[0-9]+|(?<![a-z])[a-z](?![a-z])", address)


def _fits(one: str, other: str) -> bool:
    # 中央 fits 見本市中央, 央 and 市中央 do not
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) > 1 and longer.endswith(shorter) and longer.removesuffix(shorter)[-1:] in "市区町村郡"


def _begin_alike(one: str, other: str) -> bool:
    """Tell whether two full names begin with one family name, wherever at least one was typed with a space after it."""
    families = [family for typed in (one, other) if (family := _family_name(typed))]
    if len(families) == 2:
        return families[0] == families[1]
    here, there = normal_kana(one), normal_kana(other)
    if families:
        return here.startswith(families[0]) and there.startswith(families[0])
    return here[:2] == there[:2] and re.fullmatch(f"[{_KANJI}]{{2}}", here[:2]) is not None


def _family_name(typed: str) -> str:
    # 山田 太郎 and 山田・太郎 -> 山田; 山田太郎 does not say where the family name ends
    words = re.split(r"[\s・･,]+", typed.strip())
    return normal_kana(words[0]) if len(words) > 1 else ""


def _ratio(one: str, other: str) -> float:
    """Return how much of two texts is common, 0 to 1; SequenceMatcher alone would depend on which comes first."""
    first, second = sorted((one[:_COMPARED], other[:_COMPARED]))
    return SequenceMatcher(None, first, second, autojunk=False).ratio() if first else 0.0


def _folded(text: str) -> str:
    """Fold width, case, accents and the variants of a character."""
    plain = re.sub(_SELECTORS, "", unicodedata.normalize("NFKC", text))
    apart = unicodedata.normalize("NFD", plain.casefold())
    return unicodedata.normalize("NFKC", re.sub(_ACCENTS, "", apart)).translate(VARIANTS)


def _spaced(text: str) -> str:
    """Put a space for whatever is neither letter, mark nor number."""
    return "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text)


def _squeezed(text: str, kept_between: str) -> str:
    """Take out spaces, but leave one between two characters of a class: `1 2` is no `12`."""
    return re.sub(f"(?<![{kept_between}]) +| +(?![{kept_between}])", "", re.sub(" +", " ", text))


def _digits(found: re.Match[str]) -> str:
    """Read 二十三 and 二三 as 23."""
    numeral = found[0]
    if not any(unit in numeral for unit in _UNITS):
        return "".join(str(_NUMERALS.index(c)) for c in numeral)
    total = pending = 0
    for character in numeral:
        if unit := _UNITS.get(character):
            total, pending = total + (pending or 1) * unit, 0
        else:
            pending = pending * 10 + _NUMERALS.index(character)
    return str(total + pending)
