"""The words of a society beside its prompt template: data in a small file, ours or a user's own."""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Final

from spinodal._errors import RequestError

LONGEST_ARGUMENT: Final = 160
"""Most characters of a sentence that others read."""
ARGUMENT_TOKENS: Final = 48
"""Most tokens of a sentence that is asked for."""


@dataclass(frozen=True)
class Wording:
    """How a society speaks.

    Args:
        own: tells an agent what it holds; with the field `{opinion}`.
        remark: shows a peer's argument behind its entry; with `{argument}`.
        ask: asks an agent that has chosen for its reason.
        persuader: system prompt of a zealot that argues; with `{opinion}`.

    Raises:
        RequestError: a text without its field, or with another.
    """

    own: str
    remark: str
    ask: str
    persuader: str

    def __post_init__(self) -> None:
        wanted = {"own": "opinion", "remark": "argument", "ask": None, "persuader": "opinion"}
        for name, field in wanted.items():
            text = getattr(self, name)
            try:
                used = {found for _, found, _, _ in string.Formatter().parse(text) if found is not None}
            except ValueError as error:
                raise RequestError(f"wording: `{name}` has an odd brace ({error}); double it") from error
            if used != ({field} if field else set()):
                rule = f"write {{{field}}} in it, and no other field" if field else "write it without fields"
                raise RequestError(f"wording: `{name}` is {text!r}; {rule}")

    @property
    def digest(self) -> str:
        """SHA-256 over the words, in hexadecimal."""
        return hashlib.sha256("\0".join(asdict(self).values()).encode()).hexdigest()


def load_wording(path: Path | None = None) -> Wording:
    """The project's own wording, or that of a YAML file with the same keys.

    Raises:
        RequestError: a file that is missing or malformed.
    """
    import yaml

    source = path or resources.files("spinodal.society") / "wording.yaml"
    try:
        entries = yaml.safe_load(source.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RequestError(f"cannot read the wording in {path}: {error}") from error
    keys = [field.name for field in fields(Wording)]
    if not isinstance(entries, Mapping) or sorted(map(str, entries)) != sorted(keys):
        raise RequestError(f"the wording in {path} must have the keys {', '.join(keys)}, and no others")
    if not all(isinstance(text, str) for text in entries.values()):
        raise RequestError(f"the wording in {path}: every key holds a text")
    return Wording(**{key: entries[key] for key in keys})


def one_sentence(text: str) -> str:
    """The first sentence of what an agent wrote, on one line, without marks that could pass for an entry.

    Brackets and quotes go, so that no argument can imitate a peer's opinion or end its own quotation.
    """
    line = " ".join(re.sub(r"[\[\]\"“”]", " ", text).split())
    first = re.match(r".*?[.!?](?=\s|$)", line)
    sentence = first[0] if first else line
    return sentence if len(sentence) <= LONGEST_ARGUMENT else sentence[: LONGEST_ARGUMENT - 1].rstrip() + "…"
