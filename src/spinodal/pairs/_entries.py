"""What a pairs file says before it is judged: fields with the line each stands on, whatever the format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FIELDS = ("id", "category", "option_a", "option_b", "aligned")
"""What a pair may say. `category` and `aligned` may be left out or blank."""

REQUIRED = ("id", "option_a", "option_b")


@dataclass(frozen=True)
class Field:
    """The text of one field, and the line (from 1) on which it stands."""

    text: str
    line: int


@dataclass(frozen=True)
class Entry:
    """One pair as written: its fields by name (all of `FIELDS` but those left out), and its first line."""

    fields: Mapping[str, Field]
    line: int


class LineFault(Exception):
    """What is wrong on a line of a pairs file, and how to mend it; the loader adds the file's name."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
