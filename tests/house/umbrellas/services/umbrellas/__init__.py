"""Umbrellas that the counter lends to whoever asks for something there."""
