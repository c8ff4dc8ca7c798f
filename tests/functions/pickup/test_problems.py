import pytest

from services.errors import MadoguchiError
from services.pickup.errors import (
    AlreadyDecided,
    AlreadyHandedOver,
    NotEnoughStock,
    NothingDue,
    SheetProblem,
    SheetRefused,
)
from tests.functions.edge.problem_bodies import told_besides

AT = "2026-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NothingDue("waiting"), {"state": "waiting"}),
        (AlreadyHandedOver(AT, "花子"), {"at": AT, "by": "花子"}),
        (AlreadyDecided(AT, "花子"), {"at": AT, "by": "花子"}),
        (NotEnoughStock(["water"]), {"items": ["water"]}),
        (
            SheetRefused((SheetProblem(3, "品目", "line_twice"), SheetProblem(4, "数", "required"))),
            {
                "errors": [
                    {
                        "line": 3,
                        "column": "品目",
                        "code": "line_twice",
                        "message": "The same stands on an earlier line of this file.",
                    },
                    {"line": 4, "column": "数", "code": "required", "message": "Please fill this in."},
                ]
            },
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_says_itself_what_its_problem_tells_besides(error: MadoguchiError, told: dict[str, object]):
    assert told_besides(error) == told
