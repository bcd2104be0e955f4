"""What an agent is: a model, an optional persona, an optional guard, and generation settings."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from spinodal._errors import RequestError
from spinodal.agents._guarding import Guarding

EMBEDDED_MODEL = "embedded/smollm2-135m"
"""The model that ships with the project: what an assessment measures when no other is named."""

_KEY_NAME = re.compile(r"key|secret|password|credential|authorization|(^|[_-])token$", re.IGNORECASE)


@dataclass(frozen=True)
class AgentSpec:
    """One agent. Every call of an agent starts from these settings and nothing else.

    Raises:
        RequestError: a temperature that is not a number >= 0, a limit below 1, or a key among the settings.
    """

    model: str = EMBEDDED_MODEL
    """An Inspect model string, `provider/name`."""
    system_prompt: str | None = None
    """Persona: the system prompt, or None for no system message at all."""
    temperature: float = 1.0
    """Sampling temperature. At 1 the model's own log-probabilities apply as they are."""
    max_tokens: int | None = None
    """Longest reply in tokens; None leaves it to the readout."""
    label: str = ""
    """Name in tables and reports; the model string where empty."""
    base_url: str | None = None
    """Address of the model's server, where it is not the provider's usual one."""
    model_args: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of the provider. Never a place for keys: they are read from the environment."""
    guard: Guarding | None = None
    """What edits the conversation before the model sees it; None for nothing."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise RequestError(f"temperature is {self.temperature}; give a number of 0 or more")
        if self.max_tokens is not None and self.max_tokens < 1:
            raise RequestError(f"the longest reply is {self.max_tokens} tokens; give 1 or more")
        for name in _names(self.model_args):
            if _KEY_NAME.search(name):
                raise RequestError(
                    f"model argument {name!r} looks like a key; keys are read from the environment only"
                )
        if self.base_url and "@" in self.base_url:
            raise RequestError("the server's address holds a login; keys are read from the environment only")
        if self.model.startswith("embedded/"):
            object.__setattr__(self, "model", _absolute_gguf(self.model))
        if not self.label:
            object.__setattr__(self, "label", self.usual_label)

    @property
    def usual_label(self) -> str:
        """What it is called where nobody says: its model, and its guard where it has one."""
        return f"{self.model}, guard {self.guard.name}" if self.guard else self.model

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form; holds no key. A chat template of one's own is told by its digest too."""
        told = {**asdict(replace(self, guard=None)), "model_args": dict(self.model_args)}
        del told["guard"]
        if self.guard is not None:
            told |= self.guard.to_dict()
        template = self.model_args.get("chat_template")
        if template is not None and self.model.startswith("embedded/"):
            from spinodal.agents._engine import read_template

            text = read_template(Path(str(template)).expanduser())
            told["chat_template_digest"] = hashlib.sha256(text.encode()).hexdigest()
        return told


def _names(arguments: Mapping[str, Any]) -> Iterator[str]:
    """Names of the arguments, of those within arguments as well."""
    for name, value in arguments.items():
        yield str(name)
        if isinstance(value, Mapping):
            yield from _names(value)


def _absolute_gguf(model: str) -> str:
    """Name a GGUF file by its absolute path: a relative one would mean another file elsewhere."""
    name = model.removeprefix("embedded/")
    return f"embedded/{Path(name).expanduser().resolve()}" if name.endswith(".gguf") else model
