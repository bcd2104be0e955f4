"""A part's run folder to work in: the study's own, or a copy that is put up every few seconds."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from spinodal._errors import SpinodalError
from spinodal.runs import CACHE, LOGS, META
from spinodal.studies._storage import Storage

EVERY: Final = 3.0
"""Seconds between two times that a copy is put up."""


@contextmanager
def working_in(storage: Storage, folder: str, beside: Sequence[str] = ()) -> Iterator[Path]:
    """The run folder of a part, to work in.

    Args:
        storage: of the study.
        folder: of the part, within the study.
        beside: folders of other parts that it reads.
    """
    if storage.local is not None:
        yield storage.local / folder
        return
    scratch = Path(tempfile.mkdtemp(prefix="spinodal-"))
    try:
        for other in beside:
            fetch(storage, other, scratch, whole=False)
        mirror = _Mirror(storage, folder, scratch)
        mirror.start()
        try:
            yield scratch / folder
        finally:
            mirror.finish()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def fetch(storage: Storage, folder: str, to: Path, *, whole: bool = True) -> None:
    """Copy a folder of the study; not whole means without what only its own worker needs."""
    names = storage.names(folder)
    if not whole:
        names = [name for name in names if not {CACHE, LOGS} & set(Path(name).parts)]
    for name, content in storage.read_all(names):
        file = to / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


class _Mirror:
    """Puts up what changes in a copy, and takes away what is gone from it at the end."""

    def __init__(self, storage: Storage, folder: str, scratch: Path) -> None:
        self._storage, self._folder, self._scratch = storage, folder, scratch
        self._put: dict[str, tuple[int, int]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def start(self) -> None:
        """Fetch what is there, and begin to follow."""
        fetch(self._storage, self._folder, self._scratch)
        self._put = self._marks()
        self._thread.start()

    def finish(self) -> None:
        """Put up the rest, and remove what the worker has removed."""
        self._stop.set()
        self._thread.join()
        self._put_up(logs=True)
        here = self._marks()
        self._storage.remove([name for name in self._storage.names(self._folder) if name not in here])

    def _follow(self) -> None:
        while not self._stop.wait(EVERY):
            try:
                self._put_up(logs=False)
            except SpinodalError:
                continue  # the store may be back the next time; at the end its fault is told

    def _put_up(self, *, logs: bool) -> None:
        """A log is rewritten while its evaluation lasts, and no use to who goes on: it waits till the end."""
        marks = self._marks()
        changed = [
            name
            for name, mark in marks.items()
            if self._put.get(name) != mark and (logs or LOGS not in Path(name).parts)
        ]
        # meta.json says that the rest is there, so it goes last.
        changed.sort(key=lambda name: (name.endswith(META), name))
        for begin in range(0, len(changed), 128):
            some = changed[begin : begin + 128]
            files = {}
            for name in some:
                try:
                    files[name] = (self._scratch / name).read_bytes()
                except FileNotFoundError:
                    continue
            last = {name: files.pop(name) for name in list(files) if name.endswith(META)}
            self._storage.write(files)
            self._storage.write(last)
            self._put |= {name: marks[name] for name in some}

    def _marks(self) -> dict[str, tuple[int, int]]:
        """Time and size of each file; what is being written is left out."""
        marks = {}
        for file in (self._scratch / self._folder).rglob("*"):
            try:
                if file.is_file() and not file.name.startswith("."):
                    stat = file.stat()
                    marks[str(file.relative_to(self._scratch))] = (stat.st_mtime_ns, stat.st_size)
            except FileNotFoundError:
                continue
        return marks
