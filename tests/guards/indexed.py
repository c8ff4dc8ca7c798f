"""Print what the Functions library finds in function_app.py, as JSON; in a process of its own, since it counts once."""

import json
import sys


def functions() -> list[dict[str, object]]:
    """Return name, trigger, access and limit of every function."""
    from function_app import app

    found = []
    for function in app.get_functions():
        trigger = function.get_trigger().get_dict_repr()
        made = function.get_user_function()
        stated = {name: getattr(made, name, None) for name in ("access", "limit")}
        found.append({"name": function.get_function_name(), "trigger": trigger, **stated})
    return found


if __name__ == "__main__":
    json.dump(functions(), sys.stdout, default=lambda flag: flag.value)
