"""What an unfinished measurement of attention has read, so that the same command goes on from there."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

_EVERY: Final = 20.0
"""Seconds between two writings."""


class Journal:
    """Finished turns in a Parquet file, each by the digest of all that decides its rows.

    Args:
        path: the file; it is written whole or not at all, and removed by `finish`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows = _read(path)
        self._written = time.monotonic()

    def known(self, digest: str) -> list[dict[str, Any]] | None:
        """The rows of a turn; None where it has not been read yet."""
        return self._rows.get(digest)

    def add(self, digest: str, rows: list[dict[str, Any]]) -> None:
        """Keep the rows of a turn; they reach the disk within the next few turns."""
        self._rows[digest] = rows
        if time.monotonic() - self._written >= _EVERY:
            self.save()

    def save(self) -> None:
        """Write what there is."""
        import pandas as pd

        from spinodal._files import write_table

        kept = [{"digest": digest, **row} for digest, rows in self._rows.items() for row in rows]
        if kept:
            write_table(self._path, pd.DataFrame(kept))
        self._written = time.monotonic()

    def finish(self) -> None:
        """Remove the file: the table is written."""
        self._path.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, list[dict[str, Any]]]:
    from spinodal._errors import RequestError
    from spinodal._files import read_table

    if not path.is_file():
        return {}
    table = read_table(path)
    if "digest" not in table.columns:
        raise RequestError(f"{path} is no journal of attention; move it away")
    told: Any = {
        digest: rows.drop(columns="digest").to_dict("records")
        for digest, rows in table.groupby("digest", sort=False)
    }
    found: dict[str, list[dict[str, Any]]] = told
    return found
