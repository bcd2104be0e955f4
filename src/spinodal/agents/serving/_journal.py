"""The server's journal: an append-only file of what was asked, and what became of it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from spinodal._errors import RequestError, RunError


@dataclass(frozen=True)
class JournalEntry:
    """One request. Times are seconds since 1970."""

    digest: str
    """SHA-256 of the body, keys sorted: the same call, the same digest. No header is in it, so no key."""
    model: str
    attempt: int
    """How many times this body had been let in, this time included; 0 where the limits refused it."""
    connection: int
    """Number of the connection that it came by."""
    received: float
    status: int | None
    """Of the answer, whether or not it was sent; None where the connection was lost before there was one."""
    sent: float | None
    """When the answer was handed over whole; None where it was not, on purpose or as nobody was there."""
    failure: str | None
    """The name of the failure that was made of it on purpose."""
    closed: float | None = None
    """When its connection ended, if this was the last request on it."""

    @property
    def answered(self) -> bool:
        """Whether a completion was handed over whole."""
        return self.status == 200 and self.sent is not None


class Journal:
    """Appends lines to a file, each by one write, so that a kill leaves whole lines. None writes nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._file = path, -1

    def __enter__(self) -> Self:
        if self._path is not None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            except OSError as error:
                raise RunError(f"cannot write the journal {self._path}: {error.strerror or error}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def request(self, entry: JournalEntry) -> None:
        """Write a request down that is over."""
        kept = asdict(entry)
        del kept["closed"]  # told by a line of its own
        self._write(kept)

    def closed(self, connection: int, at: float) -> None:
        """Write down that a connection ended."""
        self._write({"connection": connection, "closed": at})

    def _write(self, line: dict[str, object]) -> None:
        if self._file >= 0:
            os.write(self._file, json.dumps(line).encode() + b"\n")


def read_journal(path: str | Path) -> list[JournalEntry]:
    """The requests of a journal, in the order in which they were over.

    Raises:
        RequestError: no such file, or a line that is none of a journal's.
    """
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except OSError as error:
        raise RequestError(f"cannot read the journal {path}: {error.strerror or error}") from None
    entries: list[JournalEntry] = []
    last: dict[int, int] = {}
    for number, line in enumerate(lines, start=1):
        try:
            kept = json.loads(line)
            if "digest" in kept:
                last[kept["connection"]] = len(entries)
                entries.append(JournalEntry(**kept))
            elif kept["connection"] in last:
                at = last.pop(kept["connection"])
                entries[at] = JournalEntry(**asdict(entries[at]) | {"closed": float(kept["closed"])})
        except (ValueError, TypeError, KeyError):
            raise RequestError(f"{path}, line {number}: is no line of a journal: {line[:60]!r}") from None
    return entries
