"""What residents see of umbrellas, and what staff call."""

from functions.umbrellas import api, pages
from functions.umbrellas.shown import SHOWN

BPS = (api.bp, pages.bp)

__all__ = ["BPS", "SHOWN"]
