"""The words of the contagion lab: data in a small file, ours or a user's own."""

from __future__ import annotations

import hashlib
import string
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from spinodal._errors import RequestError

_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "default": frozenset(),
    "benevolent": frozenset(),
    "malicious": frozenset(),
    "begin": frozenset({"name", "title", "opponents", "rounds", "rules", "payoffs", "course"}),
    "talk": frozenset(),
    "mute": frozenset(),
    "chat": frozenset({"round", "rounds"}),
    "decide": frozenset({"round", "form"}),
    "object": frozenset({"round", "targets", "moves"}),
    "question": frozenset({"statement", "first", "second"}),
    "silence": frozenset(),
}
"""Every text, and the fields it holds: all of them, and no others."""


@dataclass(frozen=True)
class Wording:
    """What players and the agent under study are told; `wording.yaml` says what each text is for.

    Raises:
        RequestError: a text without one of its fields, or with another.
    """

    default: str
    benevolent: str
    malicious: str
    begin: str
    talk: str
    mute: str
    chat: str
    decide: str
    object: str
    question: str
    silence: str
    idle: tuple[str, ...]

    def __post_init__(self) -> None:
        for name, wanted in _FIELDS.items():
            text = getattr(self, name)
            try:
                used = {found for _, found, _, _ in string.Formatter().parse(text) if found is not None}
            except ValueError as error:
                raise RequestError(f"wording: `{name}` has an odd brace ({error}); double it") from error
            if used != wanted:
                rule = ", ".join(f"{{{field}}}" for field in sorted(wanted)) or "none"
                there = ", ".join(f"{{{field}}}" for field in sorted(used)) or "none"
                raise RequestError(f"wording: `{name}` has the fields {there}; its fields are {rule}")
        if not self.idle:
            raise RequestError("wording: `idle` is empty; give one line or more for scripted players")

    @property
    def personas(self) -> Mapping[str, str]:
        """System prompts by name."""
        return {"default": self.default, "benevolent": self.benevolent, "malicious": self.malicious}

    @property
    def digest(self) -> str:
        """SHA-256 over the words, in hexadecimal."""
        return hashlib.sha256(repr(asdict(self)).encode()).hexdigest()


def load_wording(path: Path | None = None) -> Wording:
    """The project's own wording, or that of a YAML file with the same keys.

    Raises:
        RequestError: a file that is missing or malformed.
    """
    return _own() if path is None else _read(path)


@cache
def _own() -> Wording:
    return _read(resources.files("spinodal.contagion") / "wording.yaml")


def _read(path: Any) -> Wording:
    import yaml

    try:
        entries = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RequestError(f"cannot read the wording in {path}: {error}") from error
    keys = [*_FIELDS, "idle"]
    if not isinstance(entries, Mapping) or sorted(map(str, entries)) != sorted(keys):
        raise RequestError(f"the wording in {path} must have the keys {', '.join(keys)}, and no others")
    idle = entries["idle"]
    if not all(isinstance(entries[key], str) for key in _FIELDS) or not isinstance(idle, list):
        raise RequestError(f"the wording in {path}: every key holds a text, and idle a list of texts")
    return Wording(**{key: entries[key].strip() for key in _FIELDS}, idle=tuple(map(str, idle)))
