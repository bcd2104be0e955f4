"""This process, one part after the other."""

from __future__ import annotations

from collections.abc import Sequence

from spinodal.studies._work import Job, Outcome, carry_out
from spinodal.studies.crews._crew import Crew


class HereCrew(Crew):
    """The command's own process. What kills a worker kills the command, and the next one goes on."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []

    @property
    def workers(self) -> int:
        return 1

    def start(self, job: Job) -> None:
        self._jobs.append(job)

    def wait(self) -> Sequence[Outcome]:
        return [carry_out(self._jobs.pop(0))]
