"""Slots, and how places in them change hands."""
