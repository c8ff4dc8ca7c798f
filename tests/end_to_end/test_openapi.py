"""schemathesis speaks to the running desk by docs/openapi.yaml and holds every answer against it.

Two checks stay out: the host answers 404 to a wrong method, as Azure does, and whether answers fit is for the form of
each service to say, which openapi.yaml does not repeat.
"""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance, unsupported_method

from local.desk import ROOT
from tests.end_to_end.conftest import RunningDesk

pytestmark = pytest.mark.xdist_group("operations")
ROLES = ("Team.supplies", "Supervisor", "Operator", "Editor")

schema = schemathesis.openapi.from_path(ROOT / "docs" / "openapi.yaml")


@schema.parametrize()
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_openapi_describes(case: schemathesis.Case, desk: RunningDesk):
    hold_against_openapi(case, desk)


@pytest.mark.deep
@schema.parametrize()
@settings(max_examples=60, derandomize=False, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_to_many_calls_is_one_that_openapi_describes(case: schemathesis.Case, desk: RunningDesk):
    hold_against_openapi(case, desk)


def hold_against_openapi(case: schemathesis.Case, desk: RunningDesk) -> None:
    wants_token = "Authorization" in (case.headers or {})
    response = case.call(base_url=desk.url, headers=desk.token("schemathesis", *ROLES) if wants_token else None)

    case.validate_response(response, excluded_checks=[unsupported_method, positive_data_acceptance])
