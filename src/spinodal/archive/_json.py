"""JSON of the archive, with what is wrong in it placed."""

from __future__ import annotations

import json
from typing import Any

from spinodal.archive._faults import Fault
from spinodal.archive._source import SourceFile


def read_json(file: SourceFile) -> dict[str, Any]:
    """The object in a file. Raises `Fault`."""
    try:
        found = json.loads(file.text)
    except json.JSONDecodeError as error:
        raise Fault(error.lineno, f"not JSON ({error.msg}); the file was cut short, or edited") from None
    except RecursionError:
        raise Fault(1, "not JSON that can be read: nested too deeply") from None
    if not isinstance(found, dict):
        raise Fault(1, f"holds a {type(found).__name__} where an object should be")
    return found


def field(found: dict[str, Any], name: str, kind: type | tuple[type, ...]) -> Any:
    """A field of a type. Raises `Fault`, without a line: JSON's reader keeps none."""
    if name not in found:
        raise Fault(1, f"has no {name}; the file was cut short, or edited")
    value = found[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Fault(1, f"{name} is {_short(value)}, which is not what stands there in the archive")
    return value


def magnetizations(values: Any, where: str) -> list[float]:
    """A list of numbers in [-1, 1]. Raises `Fault`."""
    if not isinstance(values, list) or not values:
        raise Fault(1, f"{where} is {_short(values)}; it should be a list of magnetizations")
    for value in values:
        if not isinstance(value, int | float) or isinstance(value, bool) or not -1.0 <= value <= 1.0:
            raise Fault(1, f"{where} holds {_short(value)}; a magnetization lies in [-1, 1]")
    return [float(value) for value in values]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
