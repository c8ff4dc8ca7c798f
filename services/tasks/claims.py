"""What a claim chose before it leased any of it: whoever sends the same claim again gets these tasks and no others."""

import msgspec

from services.case.documents import SCHEMA_VERSION
from services.case.task import Staff

KEPT = 24 * 3600
"""Seconds for which a claim is known by its id: far longer than anybody repeats a call."""


class Claim(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Hold whose claim it is, for which team, and the tasks that it chose; it never changes. `ttl` is in seconds."""

    claim_id: str
    team: str
    holder: str
    tasks: tuple[str, ...]
    ttl: int = KEPT
    schema_version: int = SCHEMA_VERSION

    def is_of(self, staff: Staff, team: str) -> bool:
        """Tell whether it is this member of staff's, for this team: to anyone else it opens nothing."""
        return (self.holder, self.team) == (staff.id, team)
