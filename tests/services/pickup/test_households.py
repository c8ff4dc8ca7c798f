import unicodedata

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.pickup.households import households
from services.pickup.households.characters import PREFECTURES, VARIANTS
from services.pickup.households.households import POSSIBLE_DUPLICATE, Household, blocks_of, key_of, likeness
from tests.services.pickup.people import HOUSEHOLDS, MIHON, SECRET, TYPED


def person(kana: str, name: str = "見本 花子") -> Household:
    return msgspec.structs.replace(MIHON, kana=kana, name=name)


def living_at(address: str) -> Household:
    return msgspec.structs.replace(MIHON, address=address)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("サトウ ハナコ", "サトウハナコ"),
        ("サトウ ハナコ", "サトウ　ハナコ"),
        ("サトウ ハナコ", "ｻﾄｳ ﾊﾅｺ"),
        ("サトウ ハナコ", "さとう はなこ"),
        ("ガニ ダイゴ", "ｶﾞﾆ ﾀﾞｲｺﾞ"),
        ("キョウコ", "キヨウコ"),
        ("キョウコ", "ｷｮｳｺ"),
        ("ミスズ ハッタ", "ミスズ ハツタ"),
        ("マリー・ローズ", "マリ－ロ‐ズ"),
        ("マリー・ローズ", "ﾏﾘｰ･ﾛｰｽﾞ"),
        ("ジャン・リュック", "ジャン-リュック"),
        ("NGUYEN VAN DUC", "Nguyễn Văn Đức"),
        ("GARCIA LOPEZ", "Ｇａｒｃíａ－Ｌóｐｅｚ"),
    ],
)
def test_kana_written_alike_is_the_same_person(one: str, other: str):
    assert key_of(person(one), SECRET) == key_of(person(other), SECRET)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ヤマサキ タロウ", "ヤマザキ タロウ"),
        ("サトウ ハナコ", "サトウ ハナ"),
        ("サトウ ハナコ", "サイトウ ハナコ"),
        ("オノ タロウ", "オオノ タロウ"),
        ("パク", "バク"),
        ("LEE", "LE"),
        ("・・・", "サトウ ハナコ"),
    ],
)
def test_another_kana_is_another_person(one: str, other: str):
    assert key_of(person(one), SECRET) != key_of(person(other), SECRET)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("髙橋", "高橋"),
        ("山﨑", "山崎"),
        ("齋藤", "斎藤"),
        ("斉藤", "齊藤"),
        ("渡邊", "渡辺"),
        ("渡邉", "渡辺"),
        ("渡邉\U000e0102", "渡辺"),
        ("濵田", "浜田"),
        ("濱田", "浜田"),
        ("澤", "沢"),
        ("嶋", "島"),
        ("廣瀨", "広瀬"),
        ("櫻井", "桜井"),
        ("德永", "徳永"),
        ("神\ufa19", "神神"),
        ("見本　花子", "見本花子"),
        ("Đặng", "dang"),
    ],
)
def test_variants_of_a_character_are_one_name(one: str, other: str):
    assert households.normal_name(one) == households.normal_name(other)


@pytest.mark.parametrize(("one", "other"), [("太田", "大田"), ("島田", "鳥田"), ("坂本", "阪本"), ("土田", "士田")])
def test_characters_that_only_look_alike_are_two_names(one: str, other: str):
    assert households.normal_name(one) != households.normal_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("見本市霞が関1-2-3", "見本市霞ヶ関1-2-3"),
        ("見本市霞が関1-2-3", "見本市霞ケ関1-2-3"),
        ("見本市つつじヶ丘3-5", "見本市つつじが丘3-5"),
        ("見本市緑ガ丘1", "見本市緑ヶ丘1"),
        ("見本市丸ノ内2", "見本市丸の内2"),
        ("見本市二之宮2", "見本市二ノ宮2"),
        ("見本市四ッ谷1", "見本市四つ谷1"),
        ("見本市中央一丁目2番3号", "見本市中央1丁目2番3号"),
        ("見本市中央一丁目2番3号", "見本市中央1-2-3"),
        ("見本市中央一丁目2番3号", "見本市中央１－２－３"),
        ("見本市中央一丁目2番3号", "見本市中央1ー2ー3"),
        ("見本市中央一丁目2番3号", "見本市中央1−2–3"),
        ("見本市中央一丁目2番3号", "見本市中央一丁目二番三号"),
        ("見本市中央一丁目2番地の3", "見本市中央1の2の3"),
        ("見本市中央一丁目2番3号", "見本市中央一-二-三"),
        ("見本市中央一丁目2番3号", "見本市中央一丁目二番地の三"),
        ("見本市中央一丁目2番3号", "見本市 中央 1丁目 2番 3号"),
        ("見本市東町十二番地", "見本市東町12"),
        ("見本市東町二十三番地", "見本市東町23番地"),
        ("見本市東町百二番地", "見本市東町一〇二番地"),
        ("見本市北一条西2丁目3", "見本市北1条西2-3"),
        ("見本市一番町5", "見本市1番町5"),
        ("見本市大字東町字西10", "見本市東町西10番地"),
        ("東京都見本市中央1", "見本市中央1"),
        ("鹿児島県 見本市中央1", "見本市中央1"),
        ("〒100-0001 東京都見本市中央1", "見本市中央1"),
        ("見本市櫻町1", "見本市桜町1"),
        ("見本市龍ヶ崎1", "見本市竜ケ崎1"),
        ("見本市中央1-2-3 見本荘101号室", "見本市中央1-2-3見本荘101"),
        ("見本市中央1-2-3 見本荘101号", "見本市中央1-2-3見本荘101"),
        ("見本市中央1-2-3 見本荘一〇一号室", "見本市中央1-2-3見本荘-101"),
        ("見本市中央1-2-3 101号室", "見本市中央1-2-3-101"),
        ("見本市中央1-2-3 第二見本荘A棟101", "見本市中央1-2-3 第2見本荘 Ａ－１０１"),
        ("見本市中央1-2-3 見本団地3号棟201号", "見本市中央1-2-3 見本団地3-201"),
        ("見本市中央1-2-3 二階", "見本市中央1-2-3 2F"),
        ("見本市中央1-2-3 ﾀﾜｰ見本5", "見本市中央1-2-3 タワ－見本5"),
        ("見本市南町7番地 例示様方", "見本市南町7 例示方"),
        ("12 Main St., Apt. 4", "12 MAIN ST APT 4"),
    ],
)
def test_an_address_written_alike_is_the_same_door(one: str, other: str):
    assert key_of(living_at(one), SECRET) == key_of(living_at(other), SECRET)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("見本市中央1-2-3", "見本市中央1-2-4"),
        ("見本市中央1-2-3", "見本市中央1-23"),
        ("見本市中央1-2-3", "見本市中央12-3"),
        ("見本市中央1-2 3", "見本市中央1-23"),
        ("見本市中央一 二 三", "見本市中央一二三"),
        ("見本市中央1-2-3", "見本市中央1-2"),
        ("見本市中央1丁目", "見本市中央1番地"),
        ("見本市中央1-2-3", "見本市東1-2-3"),
        ("見本市中央1-2-3", "例示市中央1-2-3"),
        ("見本市東町十二番地", "見本市東町十番地二"),
        ("見本市中央1-2-3 見本荘101", "見本市中央1-2-3 見本荘102"),
        ("見本市中央1-2-3 見本荘101", "見本市中央1-2-3 見本荘"),
        ("見本市中央1-2-3 見本荘101", "見本市中央1-2-3 例示荘101"),
        ("見本市中央1-2-3 見本荘A101", "見本市中央1-2-3 見本荘B101"),
        ("見本市中央1-2-3 見本荘1-1", "見本市中央1-2-3 見本荘11"),
        ("見本市中央1-2-3 第一見本荘", "見本市中央1-2-3 第二見本荘"),
        ("見本市中央1-2-3 1階", "見本市中央1-2-3 2階"),
        ("見本市南町7 例示様方", "見本市南町7 見本様方"),
        ("見本市南町7 例示様方", "見本市南町7"),
        ("見本市東町10 三菱荘", "見本市東町10-3 菱荘"),
        ("見本市北1条西2", "見本市北1条東2"),
        ("見本市一番町5", "見本市1町5"),
        ("12 Main St, Apt 4", "12 Main St, Apt 5"),
    ],
)
def test_the_neighbour_and_the_flat_next_door_are_other_households(one: str, other: str):
    assert key_of(living_at(one), SECRET) != key_of(living_at(other), SECRET)


@pytest.mark.parametrize("prefecture", PREFECTURES.split("|"))
def test_no_prefecture_is_needed(prefecture: str):
    assert households.normal_address(prefecture + "見本市中央1") == "見本市中央1"


def test_a_prefecture_inside_an_address_stays():
    assert households.normal_address("見本市東京都通り1") == "見本市東京都通り1"


def test_no_form_of_a_character_is_itself_a_variant():
    assert not {ord(form) for form in VARIANTS.values()} & set(VARIANTS)


def test_a_key_is_of_one_secret_and_shows_nothing_of_the_household():
    assert key_of(MIHON, SECRET) != key_of(MIHON, b"another")
    assert len(key_of(MIHON, SECRET)) == 32
    assert int(key_of(MIHON, SECRET), 16)


def test_a_phone_or_the_characters_of_a_name_make_no_other_household():
    assert key_of(MIHON, SECRET) == key_of(msgspec.structs.replace(MIHON, name="見本 華子", phone=None), SECRET)


def test_where_the_kana_says_nothing_the_name_tells_people_at_one_address_apart():
    assert key_of(person("", "見本 花子"), SECRET) != key_of(person("", "例示 太郎"), SECRET)
    assert key_of(person("", "髙橋"), SECRET) == key_of(person("－", "高橋"), SECRET)


def test_candidates_are_found_by_kana_by_the_address_without_the_building_and_by_phone():
    assert blocks_of(MIHON) == ("k:ミホンハナコ", "a:見本市中央1-2-3", "t:09000000001")


@pytest.mark.parametrize(
    ("address", "land"),
    [
        ("見本市中央1-2-3-201", "見本市中央1-2-3"),
        ("見本市東町10 見本荘201", "見本市東町10"),
        ("見本市北1条西2丁目3-4 見本荘201", "見本市北1条西2-3-4"),
        ("見本市町はずれの農園", "見本市町はずれの農園"),
        ("12 Main St, Apt 4", "12mainstapt4"),
    ],
)
def test_the_building_is_left_out_of_the_index(address: str, land: str):
    assert f"a:{land}" in blocks_of(living_at(address))


@pytest.mark.parametrize(
    "typed", ["090-0000-0001", "０９０－００００－０００１", "+81 90 0000 0001", "+81(0)90-0000-0001"]
)
def test_a_phone_is_the_same_however_it_is_typed(typed: str):
    assert "t:09000000001" in blocks_of(msgspec.structs.replace(MIHON, phone=typed))


@pytest.mark.parametrize("typed", [None, "", "119", "000-0000-0000", "なし"])
def test_a_phone_of_nobody_finds_nobody(typed: str | None):
    nobody = msgspec.structs.replace(MIHON, phone=typed)

    assert not [block for block in blocks_of(nobody) if block.startswith("t:")]
    assert "same_phone" not in likeness(nobody, nobody).reasons


LIKE_ONE = [
    (
        "the phone, and a letter of the kana",
        {"name": "見本 花江", "kana": "ミホン ハナエ", "address": "例示市東9"},
        ("same_phone", "similar_kana"),
    ),
    (
        "one family that applied twice",
        {"name": "見本 太郎", "kana": "ミホン タロウ", "phone": None},
        ("same_family_name", "same_address"),
    ),
    (
        "one family, typed without a space",
        {"name": "見本太郎", "kana": "ミホンタロウ", "phone": None},
        ("same_family_name", "same_address"),
    ),
    (
        "the room left out",
        {"address": "見本市中央1-2-3", "phone": None},
        ("same_kana", "same_name", "similar_address"),
    ),
    (
        "the building's name left out",
        {"address": "見本市中央1-2-3-201", "phone": None},
        ("same_kana", "same_name", "similar_address"),
    ),
    (
        "the city left out",
        {"address": "中央1-2-3 見本荘201", "phone": None},
        ("same_kana", "same_name", "similar_address"),
    ),
    (
        "the kana misread, the name the same",
        {"kana": "ケンポン カコ", "phone": None},
        ("same_family_name", "same_name", "same_address"),
    ),
    (
        "a family that moved, with its phone",
        {"name": "見本 太郎", "kana": "ミホン タロウ", "address": "例示市東9"},
        ("same_phone", "same_family_name"),
    ),
]

LIKE_TWO = [
    (
        "neighbours in a block of flats",
        {"name": "例示 太郎", "kana": "レイジ タロウ", "phone": None},
        ("same_address",),
    ),
    ("a common name", {"address": "例示市東9", "phone": None}, ("same_kana", "same_name")),
    ("a common kana", {"name": "美本 華子", "address": "例示市東9", "phone": None}, ("same_kana",)),
    (
        "the phone of a helper",
        {"name": "例示 太郎", "kana": "レイジ タロウ", "address": "例示市東9"},
        ("same_phone",),
    ),
    (
        "a family name, next door",
        {"name": "見本 太郎", "kana": "ミホン タロウ", "address": "見本市中央1-2-3 見本荘202", "phone": None},
        ("same_family_name",),
    ),
    (
        "the same room of the next building",
        {"name": "見本 太郎", "kana": "ミホン タロウ", "address": "見本市中央1-2-4 見本荘201", "phone": None},
        ("same_family_name",),
    ),
]


@pytest.mark.parametrize(("change", "reasons"), [case[1:] for case in LIKE_ONE], ids=[case[0] for case in LIKE_ONE])
def test_what_speaks_for_one_household_twice_is_a_possible_duplicate(change: dict[str, str], reasons: tuple[str, ...]):
    found = likeness(MIHON, msgspec.structs.replace(MIHON, **change))

    assert found.reasons == reasons
    assert POSSIBLE_DUPLICATE <= found.score < 1


@pytest.mark.parametrize(("change", "reasons"), [case[1:] for case in LIKE_TWO], ids=[case[0] for case in LIKE_TWO])
def test_what_strangers_share_is_no_duplicate(change: dict[str, str], reasons: tuple[str, ...]):
    found = likeness(MIHON, msgspec.structs.replace(MIHON, **change))

    assert found.reasons == reasons
    assert found.score < POSSIBLE_DUPLICATE


def test_people_of_one_given_name_are_no_family():
    there = msgspec.structs.replace(MIHON, name="例示 花子", kana="レイジ ハナコ", phone=None)

    assert likeness(MIHON, there).reasons == ("same_address",)


def test_a_town_whose_name_only_ends_alike_is_another_place():
    assert "similar_address" not in likeness(living_at("見本市東中央1-2-3"), living_at("中央1-2-3")).reasons


def test_all_alike_but_a_letter_of_the_kana_is_still_for_a_person_to_decide():
    assert likeness(MIHON, person("ミホン ハナエ")).score == 0.99


def test_one_finding_more_scores_higher():
    alike = [
        {"name": "例示 太郎", "kana": "レイジ タロウ", "address": "例示市東9"},
        {"address": "例示市東9"},
        {"name": "美本"},
        {},
    ]

    scores = [likeness(MIHON, msgspec.structs.replace(MIHON, **change)).score for change in alike]

    assert scores == sorted(scores)
    assert scores[-1] == 1.0


@given(TYPED)
@example("カ゛ー")
@example("カ字゙町 1棟番ノ千")
@example("様様方 3階号室 1番地丁目2 ーア・ー")
@example("一" * 5000 + "番地")
def test_normalising_twice_changes_nothing(text: str):
    for normal in (households.normal_kana, households.normal_name, households.normal_address):
        assert normal(normal(text)) == normal(text)


@given(HOUSEHOLDS, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_a_key_does_not_depend_on_how_a_machine_encodes_the_characters(household: Household, form: str):
    spelled = msgspec.structs.replace(
        household,
        name=unicodedata.normalize(form, household.name),
        kana=unicodedata.normalize(form, household.kana),
        address=unicodedata.normalize(form, household.address),
    )

    assert key_of(spelled, SECRET) == key_of(household, SECRET)


@given(HOUSEHOLDS, HOUSEHOLDS)
def test_a_likeness_is_mutual_and_whole_only_for_equal_keys(one: Household, other: Household):
    found = likeness(one, other)

    assert found == likeness(other, one)
    assert 0 <= found.score <= 1
    assert (found.score == 1) == (key_of(one, SECRET) == key_of(other, SECRET))


@given(HOUSEHOLDS)
def test_a_household_is_like_itself_and_its_blocks_are_short(household: Household):
    assert likeness(household, household).score == 1.0
    assert all(2 < len(block) <= households.MAX_BLOCK for block in blocks_of(household))


@pytest.mark.parametrize(
    "text", ["", "\0", "\ud800", "見" * 20_000, "1-" * 20_000, "十" + "一" * 20_000 + "番", "大字" * 10_000]
)
def test_any_text_passes(text: str):
    strange = Household(name=text, kana=text, address=text, phone=text)

    assert likeness(strange, strange).score == 1.0
    assert key_of(strange, SECRET)
    assert all(len(block) <= households.MAX_BLOCK for block in blocks_of(strange))


def test_kana_are_as_similar_from_either_side():
    one, other = person("ミミコミコ"), person("ミコミミコ")

    assert likeness(one, other) == likeness(other, one)


def test_long_texts_are_compared_by_how_they_begin():
    assert "similar_kana" in likeness(person("ハナ" * 140), person("ハナ" * 130 + "ハハ")).reasons
