from typing import Any

import msgspec
import pytest

from functions.operations.api import Dismiss
from functions.pickup.counter import CorrectionBody, Override, Search

REFERENCE = "K7M2-QX9P-D4TB"
ASKED: list[tuple[type[msgspec.Struct], dict[str, Any]]] = [
    (Search, {"kana": "ミホン ハナコ"}),
    (Override, {"reference": REFERENCE}),
    (CorrectionBody, {"reference": REFERENCE, "id": "correct-0001", "answers": {}}),
    (Dismiss, {"ids": ["f1"]}),
]


@pytest.mark.parametrize(("type_", "body"), ASKED)
@pytest.mark.parametrize("reason", [{}, {"reason": ""}, {"reason": "x" * 501}])
def test_what_needs_a_reason_is_not_done_without_one(
    type_: type[msgspec.Struct], body: dict[str, Any], reason: dict[str, str]
):
    assert msgspec.convert({**body, "reason": "本人の申し出"}, type_)

    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**body, **reason}, type_)


@pytest.mark.parametrize(("type_", "body"), ASKED[:3])
def test_a_blank_is_no_reason_to_look_at_a_resident(type_: type[msgspec.Struct], body: dict[str, Any]):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**body, "reason": " \n"}, type_)
