"""What a household is due."""
