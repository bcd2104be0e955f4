"""Entries from YAML: a list of mappings, read as nodes: every fault has its line, and `yes` stays a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinodal._nearest import nearest
from spinodal.pairs._entries import FIELDS, Entry, Field, LineFault
from spinodal.pairs._option_pair import quoted

if TYPE_CHECKING:
    import yaml

_OPTIONS = "options"
"""Short for `option_a` and `option_b`: a list of the two texts."""


def yaml_entries(text: str) -> list[Entry]:
    """Read the entries of a YAML document; none when it is blank. Raises `LineFault`."""
    root = _compose(text)
    if root is None:
        return []
    if _kind(root) != "list":
        raise LineFault(
            _line(root), f"a {_kind(root)} stands where a list of pairs should; begin each with `- id:`"
        )
    return [_entry(node) for node in root.value]


def _compose(text: str) -> yaml.Node | None:
    import yaml

    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise LineFault(
            mark.line + 1 if mark else 1,
            f"not valid YAML ({error.problem}); mend the indentation, or quote a text that holds : or #",
        ) from None
    except yaml.reader.ReaderError as error:
        raise LineFault(
            text.count("\n", 0, error.position) + 1,
            f"character {chr(int(error.character))!r} may not stand in YAML; remove it",
        ) from None
    except RecursionError:
        raise LineFault(1, "nested too deeply; write a plain list of pairs") from None


def _entry(node: yaml.Node) -> Entry:
    if _kind(node) != "mapping":
        raise LineFault(
            _line(node),
            f"a {_kind(node)} stands where a pair should; write `- id: ...` and its fields below it",
        )
    fields: dict[str, Field] = {}
    for key, value in node.value:
        for name, field in _fields(key, value):
            if name in fields:
                raise LineFault(
                    _line(key), f"{name} is given twice, first on line {fields[name].line}; keep one of them"
                )
            fields[name] = field
    return Entry(fields, _line(node))


def _fields(key: yaml.Node, value: yaml.Node) -> list[tuple[str, Field]]:
    known = (*FIELDS, _OPTIONS)
    name = key.value if _kind(key) == "text" else ""
    if name not in known:
        raise LineFault(
            _line(key), f"unknown key {quoted(name)}; the nearest known one is {nearest(name, known)!r}"
        )
    if name != _OPTIONS:
        return [(name, _field(name, value))]
    if _kind(value) != "list" or len(value.value) != 2:
        raise LineFault(_line(value), "options is not a list of two texts; write `options: [first, second]`")
    return [
        (side, _field(side, item)) for side, item in zip(("option_a", "option_b"), value.value, strict=True)
    ]


def _field(name: str, node: yaml.Node) -> Field:
    if _kind(node) != "text":
        raise LineFault(_line(node), f"{name} is a {_kind(node)}; write one text")
    return Field(node.value, _line(node))


def _kind(node: yaml.Node) -> str:
    names = {"scalar": "text", "sequence": "list", "mapping": "mapping"}
    return names[type(node).__name__.removesuffix("Node").lower()]


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
