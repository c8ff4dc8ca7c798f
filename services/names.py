"""Names that become parts of addresses, queues and documents."""

import re
from typing import Annotated

from msgspec import Meta

_NAME = re.compile("[a-z](-?[a-z0-9]){0,39}")

NAME_IN_WORDS = "小文字、数字、1つずつのハイフンだけ、40文字まで、初めは小文字にします"
"""What a name may be, for editors."""

type Name = Annotated[str, Meta(pattern=rf"^{_NAME.pattern}\Z", max_length=40)]


def is_name(text: str) -> bool:
    """Tell whether a text can be the id of a service, route, policy or site, or a team, whose queue it names.

    Small letters, digits and single hyphens, at most 40, beginning with a letter.
    """
    return len(text) <= 40 and _NAME.fullmatch(text) is not None
