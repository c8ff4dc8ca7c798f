"""What staff call and see of their tasks."""

from functions.tasks import api, pages

BPS = (api.bp, pages.bp)
