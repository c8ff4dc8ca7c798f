import pytest

from functions.edge.phones import linked


@pytest.mark.parametrize(
    ("phone", "html"),
    [
        ("0000-00-0001", '<a class="tel" href="tel:0000000001">0000-00-0001</a>'),
        ("+81 0-0000-0001", '<a class="tel" href="tel:+81000000001">+81 0-0000-0001</a>'),
        ("００００－００－０００１", '<a class="tel" href="tel:0000000001">００００－００－０００１</a>'),
        ("0000-00-0001（内線 12）", '<a class="tel" href="tel:0000000001">0000-00-0001</a>（内線 12）'),
        ("防災課 0000-00-0001", '防災課 <a class="tel" href="tel:0000000001">0000-00-0001</a>'),
        ("役場へ", "役場へ"),
        ("<b>", "&lt;b&gt;"),
    ],
)
def test_a_number_becomes_a_link_and_the_rest_stays_text(phone: str, html: str):
    assert linked(f"電話 {phone} へ。", phone) == f"電話 {html} へ。"


def test_a_text_without_the_number_stays_as_it_is():
    assert linked("1 < 2", "0000-00-0001") == "1 &lt; 2"
