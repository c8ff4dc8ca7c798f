from typing import Any

import pytest

from tests.catalog.definitions import SHIPPED, compiled, tasks

RELIEF = "relief-supplies"
CARE = ["disability", "nursingCare", "pregnant", "illness", "treatment", "language"]


def test_both_services_are_shipped():
    assert set(SHIPPED) == {RELIEF, "disaster-certificate"}


def test_a_household_that_comes_by_itself_gets_its_supplies_prepared():
    assert tasks(RELIEF) == {"prepare": ("supplies", "normal")}


@pytest.mark.parametrize(
    "household",
    [{"members": 2, "infants": 1}, {"members": 2, "elderly": 1}, *({"members": 2, "care": [need]} for need in CARE)],
)
def test_a_household_in_need_of_care_is_urgent(household: dict[str, Any]):
    delivered = tasks(RELIEF, household=household, receive="delivery", deliveryReason="mobility")

    assert tasks(RELIEF, household=household)["prepare"] == ("supplies", "urgent")
    assert delivered["deliver"] == ("delivery", "urgent")


def test_who_cannot_come_gets_a_home_delivery():
    planned = tasks(RELIEF, receive="delivery", deliveryReason="noTransport")

    assert planned == {"deliver": ("delivery", "normal")}


def test_a_delivery_needs_a_reason_and_a_place():
    answers = SHIPPED[RELIEF]["form"]["examples"][0] | {"receive": "delivery", "stayingAt": "car"}

    errors = compiled(RELIEF).form.errors(answers)

    assert [(e.pointer, e.code) for e in errors] == [("/stayingPlace", "required"), ("/deliveryReason", "required")]


@pytest.mark.parametrize("place", ["home", "car"])
def test_who_depends_on_treatment_is_called_once_and_within_hours(place: str):
    household = {"members": 1, "care": ["illness", "treatment"]}

    planned = tasks(RELIEF, household=household, stayingAt=place, stayingPlace="見本中央公園")

    assert planned == {"prepare": ("supplies", "urgent"), "medical-call": ("welfare", "urgent")}


@pytest.mark.parametrize(("care", "priority"), [({}, "normal"), ({"care": ["pregnant"]}, "urgent")])
def test_the_health_of_who_sleeps_in_a_car_is_looked_after(care: dict[str, Any], priority: str):
    planned = tasks(RELIEF, stayingAt="car", stayingPlace="見本中央公園", household={"members": 1} | care)

    assert planned["health-visit"] == ("welfare", priority)


@pytest.mark.parametrize(
    "changes", [{"diet": "卵"}, {"items": ["infantMilk"], "household": {"members": 3, "infants": 1}}]
)
def test_special_food_is_spoken_about_before_it_is_handed_out(changes: dict[str, Any]):
    assert tasks(RELIEF, **changes)["food-call"] == ("supplies", "urgent")


@pytest.mark.parametrize(
    ("items", "household", "refused"),
    [
        (["infantMilk"], {}, "required"),
        (["infantMilk"], {"infants": 0}, "minimum"),
        (["infantMilk"], {"care": ["disability"]}, "required"),
        (["infantMilk"], {"infants": 1}, None),
        (["childDiapers"], {}, "required"),
        (["childDiapers"], {"care": ["disability"]}, None),
        (["water"], {}, None),
    ],
)
def test_who_asks_for_what_is_only_for_children_says_how_many_there_are(
    items: list[str], household: dict[str, Any], refused: str | None
):
    answers = SHIPPED[RELIEF]["form"]["examples"][0] | {"items": items, "household": {"members": 3} | household}

    errors = {error.pointer: error.code for error in compiled(RELIEF).form.errors(answers)}

    assert errors == ({"/household/infants": refused} if refused else {})


@pytest.mark.parametrize("household", [{"members": 10}, {"members": 2, "infants": 2, "elderly": 1}])
def test_a_doubtful_number_of_people_is_confirmed_by_a_person_and_not_refused(household: dict[str, Any]):
    assert tasks(RELIEF, household=household)["confirm-members"] == ("supplies", "normal")
