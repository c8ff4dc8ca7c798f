"""Sites, their stock and its moves."""
