"""The core: a request and its tasks, and the one way to change them; it knows no capability."""
