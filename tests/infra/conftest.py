from tests.guards.conftest import functions

__all__ = ["functions"]
