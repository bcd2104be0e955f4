"""Finished cells, kept one a line in a file beside the table, as they finish."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from spinodal import __version__
from spinodal._errors import RequestError, RunError
from spinodal.simulate.sweeps._cell import Cell
from spinodal.simulate.sweeps._outcome import Outcome


def journal_path(out: Path) -> Path:
    """Where the finished cells of a table are kept."""
    return out.with_name(f"{out.name}.cells")


@contextmanager
def journal(out: Path, seed: int) -> Iterator[Journal]:
    """The journal of a table, new or gone on with, for one process at a time.

    Raises:
        RequestError: it belongs to another seed, version or process, or the table is not a sweep's.
        RunError: the disk does not take it.
    """
    path = journal_path(out)
    if out.is_dir() or path.is_dir():
        raise RequestError(f"{out if out.is_dir() else path} is a folder; name a file for the table")
    if out.exists() and not path.exists():
        raise RequestError(
            f"{out} is there already, and no {path.name} beside it says which cells it has; name another file"
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError as error:
        raise _unwritten(path, error) from error
    with contextlib.closing(file):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RequestError(f"another sweep is writing {out}; let it end, or name another file") from None
        try:
            kept = Journal(path, file, {"sweep": _FORMAT, "seed": seed, "spinodal": __version__})
            kept.read(out)
            yield kept
            kept.sync()
        finally:
            if os.fstat(file.fileno()).st_size == 0:
                path.unlink(missing_ok=True)


class Journal:
    """The finished cells of one file. A line that a kill cut short is as if it had not been begun."""

    def __init__(self, path: Path, file: BinaryIO, header: dict[str, Any]) -> None:
        self._path, self._file, self._header = path, file, header
        self._synced = time.monotonic()
        self.outcomes: dict[str, Outcome] = {}
        """By the cell's key."""

    def read(self, out: Path) -> None:
        """Read what is kept of the table `out`. Raises `RequestError` where it is another's."""
        self._file.seek(0)
        end = 0
        for number, line in enumerate(self._file):
            if not line.endswith(b"\n"):
                break
            try:
                entry = json.loads(line)
                if number == 0:
                    _require_same(entry, self._header, out)
                else:
                    self.outcomes[entry["key"]] = Outcome.from_dict(entry)
            except (ValueError, KeyError, TypeError):
                raise RequestError(
                    f"line {number + 1} of {self._path} is not a sweep's; remove it, or name another table"
                ) from None
            end += len(line)
        self._file.truncate(end)

    def keep(self, cell: Cell, outcome: Outcome) -> None:
        """Keep a finished cell for good.

        Raises:
            RunError: the disk does not take it; what was kept before is safe.
        """
        # the key would do; the parameters beside it make the file speak for itself
        parameters = {name: getattr(cell, name) for name in cell.__dataclass_fields__}
        entry = {"key": cell.key, "cell": parameters} | outcome.to_dict()
        self._write([entry] if os.fstat(self._file.fileno()).st_size else [self._header, entry])
        self.outcomes[cell.key] = outcome

    def sync(self) -> None:
        """Have the disk hold what is kept, lest the power fail."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unwritten(self._path, error) from error
        self._synced = time.monotonic()

    def _write(self, entries: list[dict[str, Any]]) -> None:
        text = b"".join(json.dumps(entry, allow_nan=False).encode() + b"\n" for entry in entries)
        end = os.fstat(self._file.fileno()).st_size
        try:
            while text:
                text = text[os.write(self._file.fileno(), text) :]
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file.fileno(), end)
            raise _unwritten(self._path, error, len(self.outcomes)) from error
        if time.monotonic() - self._synced > _SYNC_EVERY:
            self.sync()


def _require_same(found: dict[str, Any], header: dict[str, Any], out: Path) -> None:
    """Raise unless the cells of a journal may stand in one table with those asked for."""
    if found["sweep"] != header["sweep"] or found["spinodal"] != header["spinodal"]:
        raise RequestError(
            f"{out} was begun with spinodal {found['spinodal']}, and this is {header['spinodal']}, whose "
            "runs may differ; go on with that version, or name another file"
        )
    if found["seed"] != header["seed"]:
        raise RequestError(
            f"{out} was begun with seed {found['seed']}, not {header['seed']}; "
            f"give seed {found['seed']}, or name another file"
        )


def _unwritten(path: Path, error: OSError, cells: int = 0) -> RunError:
    kept = f"; {cells} finished cells are kept, and the same command goes on from there" if cells else ""
    return RunError(f"cannot write {path}: {error.strerror or error}{kept}")


_FORMAT = 1
_SYNC_EVERY = 1.0
"""Seconds of finished cells that a power cut may cost. A kill costs none."""
