"""schemathesis speaks to the running desk by docs/openapi.yaml and holds every answer against it.

Two checks stay out: the host answers 404 to a wrong method, as Azure does, and whether answers fit is for the form of
each service to say, which openapi.yaml does not repeat. To a function, a value of the query that is empty is none, so
that such a call is not a bad one.
"""

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance, unsupported_method
from schemathesis.specs.openapi.schemas import OpenApiSchema

from local.desk import ROOT
from tests.end_to_end.conftest import RunningDesk

pytestmark = pytest.mark.xdist_group("office")
ROLES = ("Team.supplies", "Supervisor", "Operator", "Editor")
CONTRACT = ROOT / "docs" / "openapi.yaml"
METHODS = ("get", "put", "post", "delete", "patch")

described = [
    (method, path)
    for path, known in yaml.load(CONTRACT.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["paths"].items()
    for method in known
    if method in METHODS
]
"""Named here, and read by schemathesis only where they are called: that takes seconds of every worker."""
of_every_operation = pytest.mark.parametrize(("method", "path"), described)


@pytest.fixture(scope="module")
def openapi() -> OpenApiSchema:
    return schemathesis.openapi.from_path(CONTRACT)


@pytest.fixture(scope="module")
def token(desk: RunningDesk) -> dict[str, str]:
    return desk.token("schemathesis", *ROLES)


@of_every_operation
def test_every_answer_is_one_that_openapi_describes(
    method: str, path: str, openapi: OpenApiSchema, desk: RunningDesk, token: dict[str, str]
):
    hold_against_openapi(openapi[path][method], desk, token, settings(max_examples=5))


@pytest.mark.deep
@of_every_operation
def test_every_answer_to_many_calls_is_one_that_openapi_describes(
    method: str, path: str, openapi: OpenApiSchema, desk: RunningDesk, token: dict[str, str]
):
    hold_against_openapi(openapi[path][method], desk, token, settings(max_examples=60, derandomize=False))


def hold_against_openapi(operation: APIOperation, desk: RunningDesk, token: dict[str, str], calls: settings) -> None:
    """Make calls that fit the contract and, where it asks for anything, as many that do not."""
    asks = [*operation.iter_parameters(), *operation.body]
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE) if asks else (GenerationMode.POSITIVE,):

        @settings(calls, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def answer_fits(case: schemathesis.Case) -> None:
            wants_token = "Authorization" in (case.headers or {})
            response = case.call(base_url=desk.url, headers=token if wants_token else None)
            left_out = [unsupported_method, positive_data_acceptance]
            if "" in (case.query or {}).values():
                left_out.append(negative_data_rejection)

            case.validate_response(response, excluded_checks=left_out)

        answer_fits()
