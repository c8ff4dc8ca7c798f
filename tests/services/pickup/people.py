"""Invented households, and any that somebody may type."""

from hypothesis import strategies as st

from services.pickup.households.households import Household

SECRET = b"a secret of the tests"
MIHON = Household(
    name="見本 花子", kana="ミホン ハナコ", address="見本市中央一丁目2番3号 見本荘201号室", phone="090-0000-0001"
)
TYPED = st.text(max_size=30) | st.text(
    st.sampled_from(
        "1203一二十百〇第の之ノツっがガヶケ町丘ー-‐〜 　・、アカんンヴ゙゛゚ｶﾞAÉßđ字大条線号番地室館階丁目様方〒々東京都"
    ),
    max_size=20,
)
HOUSEHOLDS = st.builds(
    Household,
    name=TYPED | st.sampled_from(["見本 太郎", "例示花子"]),
    kana=TYPED | st.sampled_from(["ミホン タロウ", "ミホン ハナコ", "ﾚｲｼﾞﾊﾅｺ"]),
    address=TYPED | st.sampled_from(["見本市中央1-2-3", "見本市中央1-2-3見本荘201"]),
    phone=st.none() | st.text(max_size=15) | st.sampled_from(["090-0000-0001", "+81 90 0000 0001"]),
)
