"""Ids that callers give to what they do, so that a repeat is recognised."""

from typing import Annotated

from msgspec import Meta

type ClaimId = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{8,64}$")]
