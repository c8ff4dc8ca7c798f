"""Build what is published: dependencies for the platform, no tests, no desk, the same bytes each time."""
