"""Who is of one household."""
