from typing import Any

from wiring.app import App


def audits_of(app: App) -> list[Any]:
    """Return the audit of each service that has one, those of capabilities too."""
    services = [getattr(of, name) for of in (app, *app.added.values()) for name in of.__struct_fields__]
    return [service._audit for service in services if hasattr(service, "_audit")]
