"""Processes of this machine beside the command's."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import IO

from spinodal._errors import RequestError
from spinodal.studies._work import Job, Outcome
from spinodal.studies.crews._crew import Crew


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    line: Connection
    life: int
    """The end of a pipe that this process keeps open for as long as it lives."""
    said: IO[bytes]
    job: Job | None = None


class ProcessCrew(Crew):
    """Worker processes, each with its own Inspect. A worker that dies is replaced, and its part given back.

    A worker ends with the command, however that ends: it notices that the other end of a pipe is gone.

    Raises:
        RequestError: fewer than one worker.
    """

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise RequestError(f"{workers} workers; give 1 or more")
        self._number = workers
        self._team: list[_Worker] = []

    @property
    def workers(self) -> int:
        return self._number

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [worker.process.pid for worker in self._team]

    def start(self, job: Job) -> None:
        idle = next((worker for worker in self._team if worker.job is None), None)
        if idle is None:
            idle = _begin()
            self._team.append(idle)
        idle.job = job
        with suppress(OSError):  # it may have died since; waiting will tell
            idle.line.send(job)

    def wait(self) -> Sequence[Outcome]:
        busy = {worker.line: worker for worker in self._team if worker.job is not None}
        outcomes = []
        for line in wait(list(busy)):
            worker = busy[line]  # type: ignore[index]
            job = worker.job
            assert job is not None
            try:
                outcomes.append(worker.line.recv())
                worker.job = None
            except (EOFError, OSError):
                outcomes.append(Outcome(job.id, self._bury(worker), lost=True))
        return outcomes

    def __exit__(self, *exception: object) -> None:
        for worker in self._team:
            worker.line.close()
            os.close(worker.life)
            worker.process.kill()
            worker.process.wait()
            worker.said.close()
        self._team.clear()

    def _bury(self, worker: _Worker) -> str:
        """Take a dead worker from the team; its last words."""
        self._team.remove(worker)
        worker.line.close()
        os.close(worker.life)
        worker.process.kill()
        code = worker.process.wait()
        worker.said.seek(0)
        lines = worker.said.read().decode("utf-8", "replace").strip().splitlines()
        worker.said.close()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"its worker died ({how}{': ' + lines[-1][:200] if lines else ''})"


def _begin() -> _Worker:
    """A new process. Plain `multiprocessing` would run the main module of the command again in it."""
    if os.name == "nt":
        raise RequestError("worker processes need a Unix system; leave --workers at 1")
    ours, theirs = Pipe()
    listening, life = os.pipe()
    said = tempfile.TemporaryFile()  # noqa: SIM115 - open for as long as the worker lives
    process = subprocess.Popen(
        [sys.executable, "-m", "spinodal.studies.crews._worker", str(theirs.fileno()), str(listening)],
        pass_fds=(theirs.fileno(), listening),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=said,
        # Workers share the cores: threads of each one's small matrices would starve the others'.
        env={"OPENBLAS_NUM_THREADS": "1", **os.environ},
    )
    theirs.close()
    os.close(listening)
    return _Worker(process, ours, life, said)
