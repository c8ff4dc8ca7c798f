"""What residents, the counter, supplies officers and operators call and see of supplies."""

from functions.pickup import api, counter, operations, pages, sheets, sites
from functions.pickup.receipts import SHOWN

BPS = (api.bp, counter.bp, operations.bp, pages.bp, sheets.bp, sites.bp)

__all__ = ["BPS", "SHOWN"]
