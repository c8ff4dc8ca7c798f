"""What refusals tell whom: the caller a code and words for people, the log the reason."""

import logging

import pytest

from functions.edge.problems import problem
from functions.edge.texts import Texts
from services.errors import (
    DefinitionRefused,
    FieldError,
    InvalidSubmission,
    MadoguchiError,
    ServiceClosed,
    ServiceStopped,
    StaleToken,
    Unauthenticated,
    UnknownTask,
)
from tests.functions.edge.problem_bodies import told_besides

AT = "2026-01-01T00:00:00.000000Z"


def test_why_a_token_was_refused_stands_in_the_log_and_not_in_the_answer(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, logger="madoguchi.web")

    answer = problem(Unauthenticated("got by another client", phone="0000-00-0000"), Texts("en"), "")

    assert caplog.messages == ["unauthenticated: got by another client"]
    assert answer.status_code == 401
    assert "another client" not in answer.get_body().decode()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UnknownTask(), {}),
        (StaleToken("花子"), {"holder": "花子"}),
        (StaleToken(None), {"holder": None}),
        (ServiceStopped({"ja": "見本"}, phone="0000-00-0000"), {"reason": {"ja": "見本"}}),
        (ServiceClosed(opens=AT, closes=None, phone="0000-00-0000"), {"opens": AT, "closes": None}),
        (DefinitionRefused(("why", "why not")), {"reasons": ["why", "why not"]}),
        (
            InvalidSubmission((FieldError("/at", "required"),)),
            {"errors": [{"pointer": "/at", "code": "required", "message": "Please fill this in."}]},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_says_itself_what_its_problem_tells_besides(error: MadoguchiError, told: dict[str, object]):
    assert told_besides(error) == told
