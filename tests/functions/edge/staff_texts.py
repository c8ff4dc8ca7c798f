import json
import re
from pathlib import Path

from functions.edge.texts import FOLDER

WEB = Path(__file__).parents[3] / "web"


def staff_texts(owner: str) -> set[str]:
    """Return the keys of an owner's texts for staff, without their beginning."""
    known = json.loads((FOLDER / owner / "ja.json").read_text(encoding="utf-8"))
    return {key.removeprefix("staff.") for key in known if key.startswith("staff.")}


def staff_texts_left_over(owner: str, *prefixes: str) -> set[str]:
    """Return an owner's texts for staff that no page or script names, with or without one of these before them."""
    folders = [*WEB.glob("templates/**/*.html"), *(WEB / "static" / "staff").rglob("*.js")]
    sources = "".join(path.read_text(encoding="utf-8") for path in folders)
    shown = set(re.findall(r'"(?:staff\.)?([a-z_.]+)"', sources))
    return {key for key in staff_texts(owner) if not shown & {key, *(key.removeprefix(prefix) for prefix in prefixes)}}
