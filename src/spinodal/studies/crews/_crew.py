"""What a crew is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

from spinodal.studies._work import Job, Outcome


class Crew(ABC):
    """Workers, there from entering the context to leaving it; each has one part at a time."""

    @property
    @abstractmethod
    def workers(self) -> int:
        """How many parts may be under way at once."""

    @abstractmethod
    def start(self, job: Job) -> None:
        """Hand a part to a worker that is free; the caller never has more under way than `workers`."""

    @abstractmethod
    def wait(self) -> Sequence[Outcome]:
        """Wait until a part ends, and say how; only called while one is under way."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        return None
