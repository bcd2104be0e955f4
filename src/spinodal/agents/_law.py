"""The law of a synthetic agent, as a model's name tells it: `beta=2/h=0.3/logprobs=no`."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

from spinodal._errors import RequestError


def read_law(law: type, text: str, agent: str) -> dict[str, Any]:
    """The values of a dataclass of numbers and switches from `NAME=VALUE/...` (commas do as well).

    Args:
        law: the dataclass; a field whose default is a truth value is a switch, yes or no.
        text: what is read; an empty one names nothing.
        agent: what errors call it.

    Raises:
        RequestError: an unknown name, or a value that is none.
    """
    known = {field.name: field.default for field in fields(law)}
    values: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in re.split("[/,]", text))):
        name, equals, value = part.partition("=")
        if name not in known or not equals:
            raise RequestError(
                f"{agent}: cannot read {part!r}; give NAME=VALUE with {', '.join(sorted(known))}"
            )
        values[name] = (_switch if isinstance(known[name], bool) else _number)(agent, name, value)
    return values


def _number(agent: str, name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise RequestError(f"{agent}: {name} is {text!r}; give a number") from None


def _switch(agent: str, name: str, text: str) -> bool:
    if text not in ("yes", "no"):
        raise RequestError(f"{agent}: {name} is {text!r}; give yes or no")
    return text == "yes"
