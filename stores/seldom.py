"""What an SDK logs at each call while a region is lost, told once a minute."""

import logging


class Seldom(logging.Filter):
    """Let a message through once in so many seconds, whatever it names, and without its traceback."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether this record goes through."""
        record.exc_info = record.exc_text = None
        if record.created - self._told.get(record.msg, float("-inf")) < self._seconds:
            return False
        self._told[record.msg] = record.created
        return True
