"""The questions that find households in the container `requests`."""

import itertools
from collections.abc import Sequence

from services.pickup.households import kind_of

FOLDED_BEFORE = (
    "SELECT c.reference FROM c WHERE c.type = 'request' AND c.id > @after AND IS_DEFINED(c.booking.state)"
    " AND (NOT IS_DEFINED(c.booking.folding) OR c.booking.folding < @folding)"
    " ORDER BY c.id OFFSET 0 LIMIT @limit"
)
_ALIKE = (
    "SELECT c.reference, c.service, c.version, c.status, c.answers, c.contact.phone, c.booking.household,"
    " c.booking.formerly FROM c"
)


def sharing(blocks: Sequence[str], kinds: int) -> tuple[str, dict[str, str]]:
    """Ask who shares at least so many kinds of blocks; nothing where the blocks themselves are of fewer kinds.

    Returns the query and its parameters, besides `after` and `limit`.
    """
    named = {f"b{n}": block for n, block in enumerate(blocks)}
    several = [
        chosen
        for chosen in itertools.combinations(named, kinds)
        if len({kind_of(named[name]) for name in chosen}) == kinds
    ]
    shared = " OR ".join(" AND ".join(f"ARRAY_CONTAINS(c.booking.blocks, @{n})" for n in chosen) for chosen in several)
    if not shared:
        return "", {}
    return (
        f"{_ALIKE} WHERE c.type = 'request' AND c.id > @after AND ({shared}) ORDER BY c.id OFFSET 0 LIMIT @limit",
        named,
    )
