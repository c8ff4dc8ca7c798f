"""What refusals tell whom: the caller a code and words for people, the log the reason."""

import logging

import pytest

from functions.problems import problem
from functions.texts import Texts
from services.errors import Unauthenticated


def test_why_a_token_was_refused_stands_in_the_log_and_not_in_the_answer(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, logger="madoguchi.web")

    answer = problem(Unauthenticated("got by another client", phone="0000-00-0000"), Texts("en"), "")

    assert caplog.messages == ["unauthenticated: got by another client"]
    assert answer.status_code == 401
    assert "another client" not in answer.get_body().decode()
