"""What stands in documents of households derives from the secret as it always did."""

from services.pickup.entitlement.quotas import quota_id
from services.pickup.households.households import Household, key_of
from tests.counter import SECRETS


def test_households_and_their_quotas_stay_as_they_were_stored():
    household = Household(name="見本 花子", kana="ミホン ハナコ", address="見本市中央1-2-3")
    key = key_of(household, SECRETS.reference)

    assert key == "fdac4d9a5ba6d040598ab8682a149783"
    assert (
        quota_id(key, "daily", SECRETS.reference) == "5a3ca7b0d08ec0031ba8b4bca6ea46d993049c096cf78889a7e293883b69e523"
    )
