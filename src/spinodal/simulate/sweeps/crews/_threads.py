"""The cores of this machine."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice

from spinodal._errors import RequestError
from spinodal.simulate._machine import cores
from spinodal.simulate.sweeps._cell import Cell
from spinodal.simulate.sweeps._outcome import Outcome
from spinodal.simulate.sweeps.crews._crew import Crew, Work


class ThreadCrew(Crew):
    """Threads of this process, one a core unless told otherwise.

    The kernels run outside the interpreter's lock, are compiled once, and leave nothing running when the
    process is killed. Cells fewer than threads share their replicas out among several.
    """

    def __init__(self, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise RequestError(f"{workers} workers; give 1 or more")
        self._workers = workers or cores()
        self._stopped = threading.Event()

    @property
    def workers(self) -> int:
        return self._workers

    def __exit__(self, *exception: object) -> None:
        self._stopped.set()

    def run(self, work: Work, cells: Sequence[Cell]) -> Generator[tuple[Cell, Outcome], None, None]:
        share = max(1, self._workers // max(1, len(cells)))
        waiting = iter(cells)
        with ThreadPoolExecutor(self._workers) as pool:

            def start(cell: Cell) -> Future[Outcome]:
                return pool.submit(work, cell, workers=share, progress=self._check)

            under_way = {start(cell): cell for cell in islice(waiting, 2 * self._workers)}
            try:
                while under_way:
                    for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                        outcome = future.result()
                        yield under_way.pop(future), outcome
                        under_way |= {start(cell): cell for cell in islice(waiting, 1)}
            finally:
                self._stopped.set()
                for future in under_way:
                    future.cancel()

    def _check(self, share: float) -> None:
        """Leave a long cell in its midst when the sweep is over, by a fault or an interrupt."""
        if self._stopped.is_set():
            raise _Stopped


class _Stopped(Exception):
    """A cell left unfinished; nobody waits for its outcome."""
