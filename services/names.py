"""Names that become parts of addresses, queues and documents."""

import re

_NAME = re.compile("[a-z][a-z0-9-]{0,39}")


def is_name(text: str) -> bool:
    """Tell whether a text can be the id of a service, route, policy or site, or a team, whose queue it names.

    Small letters, digits and single hyphens, at most 40, beginning with a letter.
    """
    return _NAME.fullmatch(text) is not None and not text.endswith("-") and "--" not in text
