"""What a crew is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from typing import Protocol, Self

from spinodal.simulate.sweeps._cell import Cell
from spinodal.simulate.sweeps._outcome import Outcome


class Work(Protocol):
    """What is done with a cell. The same cell gives the same outcome, whoever does it."""

    def __call__(
        self, cell: Cell, *, workers: int = 1, progress: Callable[[float], None] | None = None
    ) -> Outcome: ...


class Crew(ABC):
    """Workers, there from entering the context to leaving it."""

    @property
    @abstractmethod
    def workers(self) -> int:
        """How many cells are under way at once."""

    @abstractmethod
    def run(self, work: Work, cells: Sequence[Cell]) -> Generator[tuple[Cell, Outcome], None, None]:
        """Every cell with its outcome, as they finish, in any order."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        return None
