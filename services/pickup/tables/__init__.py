"""Sites, stock and slots as tables."""
