"""What clerks see of supplies is counted with the rest; tests/services/operations/test_looks.py says how."""

from services.operations.looks import MOST, WatchedAudit
from services.pickup.stock.sites import MOST_HOUSEHOLDS
from tests.apps import settings_for
from tests.services.operations.audits import audits_of
from wiring import build


def test_as_much_may_be_listed_in_an_hour_as_six_slots_hold():
    assert MOST["listed"] == 6 * MOST_HOUSEHOLDS


def test_whatever_the_app_records_is_counted_in_one_place_with_what_the_counter_records():
    audits = audits_of(build(settings_for("UseDevelopmentStorage=true", "UseDevelopmentStorage=true")))

    assert len(audits) >= 7
    assert {type(one) for one in audits} == {WatchedAudit}
