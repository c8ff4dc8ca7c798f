"""Sharing what does not suffice."""
