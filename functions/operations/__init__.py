"""What operators and editors call."""

from functions.operations import api

BPS = (api.bp,)
