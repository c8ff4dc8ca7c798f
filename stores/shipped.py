"""The definitions shipped with the product, for an instance that starts while no store answers."""

import asyncio
import re
from functools import cache
from pathlib import Path
from typing import Any

from services.catalog.model import Current, Definition, Edition, Sections
from services.catalog.publishing import read_definition
from services.catalog.service import AS_SHIPPED
from services.errors import DefinitionRefused
from services.times import NEVER

FOLDER = Path(__file__).parent.parent / "catalog" / "services"
_TAG = "tag:yaml.org,2002:"
_KEYS = (f"{_TAG}str", f"{_TAG}merge")
_SCALARS = {
    "null": ("^(?:~|null|)$", ("~", "n", "")),
    "bool": ("^(?:true|false)$", "tf"),
    "int": ("^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    "float": (r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", "-0123456789"),
    "merge": ("^<<$", "<"),
}
"""What stands for something else than text: pattern and first characters, the narrower pattern first."""


OURS = "ours"
"""Marks what our loader says of a file, in Japanese."""


class ShippedEditions:
    """Read `catalog/services/*.yaml`; the version is 0, since only publishing gives one."""

    def __init__(self, sections: Sections) -> None:
        self._sections = sections
        self._known: tuple[Current, ...] | None = None

    async def current(self) -> tuple[Current, ...]:
        """Read every shipped definition, once: the files of a process do not change."""
        if self._known is None:
            self._known = await asyncio.to_thread(_read_all, self._sections)
        return self._known

    async def edition(self, service: str, version: int) -> Edition | None:
        """Read one shipped definition."""
        found = (c.edition for c in await self.current() if c.service == service)
        return next(found, None) if version == AS_SHIPPED else None


def read_yaml(path: Path) -> Any:
    """Read the plain values of a YAML file as JSON would have them; raises DefinitionRefused if it cannot."""
    import yaml

    try:
        return yaml.load(path.read_text(encoding="utf-8"), _loader())  # noqa: S506 - derives from SafeLoader
    except OSError as error:
        raise DefinitionRefused((f"ファイルを読めません（{error.strerror}）",)) from error
    except UnicodeDecodeError as error:
        raise DefinitionRefused((f"文字コードが UTF-8 ではありません（{error.start + 1}バイト目から）",)) from error
    except yaml.MarkedYAMLError as error:
        raise DefinitionRefused((f"{_position(error.problem_mark)}: {_problem(error)}",)) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise DefinitionRefused(("YAML として読めません",)) from error


def line_of(path: Path, place: str) -> int | None:
    """Return the line of a file on which a place stands (`routes[0].when`), or what is there of it; None for none."""
    import yaml

    node, line = yaml.compose(path.read_text(encoding="utf-8"), _loader()), None
    for step in place.replace("[", ".").replace("]", "").split("."):
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == step]
        else:
            items = node.value if isinstance(node, yaml.SequenceNode) and step.isdecimal() else []
            found = [(item, item) for item in items[int(step) : int(step) + 1]] if items else []
        if not found:
            break
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return line


@cache
def _loader() -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """Read YAML as JSON would be read: no dates, no numbers to other bases, `yes` as text, each key once."""

        def compose_mapping_node(self, anchor: Any) -> Any:
            node = super().compose_mapping_node(anchor)
            seen: set[str] = set()
            for key, _ in node.value:
                if key.tag not in _KEYS:
                    raise yaml.MarkedYAMLError(
                        problem="キーは文字にします（引用符で囲みます）", context=OURS, problem_mark=key.start_mark
                    )
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"キー「{key.value}」が2度あります", context=OURS, problem_mark=key.start_mark
                    )
                seen.add(key.value)
            return node

    Loader.yaml_implicit_resolvers = {}
    for name, (pattern, first) in _SCALARS.items():
        Loader.add_implicit_resolver(_TAG + name, re.compile(pattern), list(first))
    return Loader


def _position(mark: Any) -> str:
    return f"{mark.line + 1}行{mark.column + 1}文字目" if mark else "ファイル"


def _problem(error: Any) -> str:
    """Say what is wrong: as our loader says it; what the library says is not Japanese."""
    return (
        str(error.problem)
        if error.context == OURS
        else "YAML の書きかたが正しくありません（字下げ、引用符、コロンのあとの空白など）"
    )


def _read_all(sections: Sections) -> tuple[Current, ...]:
    definitions = (read_definition(read_yaml(path), sections) for path in sorted(FOLDER.glob("*.yaml")))
    return tuple(Current(edition=_edition(definition)) for definition in definitions)


def _edition(definition: Definition) -> Edition:
    return Edition(service=definition.id, version=AS_SHIPPED, published_at=NEVER, definition=definition)
