import json

from functions.edge.problems import problem
from functions.edge.texts import Texts
from services.errors import MadoguchiError

TOLD_OF_ALL = {"type", "title", "status", "code", "detail", "phone", "traceId"}


def told_besides(error: MadoguchiError) -> dict[str, object]:
    """Return what the problem of an error tells besides what every problem does."""
    error.phone = error.phone or "0000-00-0000"
    body = json.loads(problem(error, Texts("en"), "").get_body())
    return {key: value for key, value in body.items() if key not in TOLD_OF_ALL}
