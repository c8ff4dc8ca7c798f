"""The local Functions host: drives Microsoft's own Python runtime library, so that function_app.py runs on a desk."""
