"""A request's claim on supplies, and the place it gets."""
