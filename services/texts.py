"""Texts in several languages."""

type Text = dict[str, str]
"""A text by language: `ja`, `ja-easy` (やさしい日本語), `en`, or more."""
