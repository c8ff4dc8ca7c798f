"""What residents, the counter, supplies officers and operators call and see of supplies."""

from functions.pickup import api, counter, depots, operations, pages, sheets
from functions.pickup.receipts import SHOWN

BPS = (api.bp, counter.bp, depots.bp, operations.bp, pages.bp, sheets.bp)

__all__ = ["BPS", "SHOWN"]
