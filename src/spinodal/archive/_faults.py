"""What is wrong with a file of the archive, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class Fault(Exception):
    """What is wrong on a line of a file (from 1); whoever reads the file knows its name."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class LeftOut:
    """A file that could not be read."""

    file: str
    """Path within the folder."""
    line: int
    """Where, from 1."""
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"file": self.file, "line": self.line, "message": self.message}
