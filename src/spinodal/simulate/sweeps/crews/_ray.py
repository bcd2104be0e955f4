"""A Ray cluster, by address."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import islice
from typing import Any

from spinodal import __version__
from spinodal._errors import RequestError, RunError
from spinodal._ray_cluster import RayMember, load_ray
from spinodal.simulate.sweeps._cell import Cell
from spinodal.simulate.sweeps._outcome import Outcome
from spinodal.simulate.sweeps.crews._crew import Crew, Work


class RayCrew(RayMember, Crew):
    """The CPUs of a Ray cluster: `host:port` of its head, `auto` for the one this machine is in, or `local`.

    A worker is handed a few cells at a time and sends each outcome as it is done. When a worker or its
    machine is lost, the cell it was at and those it had not begun are handed out again; a cell that loses
    its worker `RETRIES` times ends the sweep.

    Raises `RequestError` where ray is not installed, or nothing answers at the address.
    """

    def run(self, work: Work, cells: Sequence[Cell]) -> Generator[tuple[Cell, Outcome], None, None]:
        ray = load_ray()
        # ray's own retry would do the whole load again, the finished cells of it too
        remote = ray.remote(max_retries=0, num_cpus=1, num_returns="streaming")(_stream)
        waiting = _loads(cells, self.workers)
        losses: dict[str, int] = {}
        under_way: dict[Any, list[Cell]] = {}

        def start(load: list[Cell]) -> None:
            under_way[remote.remote(work, load, __version__)] = load

        for load in islice(waiting, 2 * self.workers):
            start(load)
        while under_way:
            (stream,), _ = ray.wait(list(under_way), num_returns=1)
            load = under_way[stream]
            try:
                outcome = ray.get(next(stream))
            except StopIteration:
                del under_way[stream]
                for more in islice(waiting, 1):
                    start(more)
            except ray.exceptions.RayTaskError as error:
                raise _fault(error.cause) from None
            except ray.exceptions.RayError as error:
                del under_way[stream]
                losses[load[0].key] = losses.get(load[0].key, 0) + 1
                if losses[load[0].key] > RETRIES:
                    raise RunError(
                        f"a cell lost its worker {RETRIES + 1} times ({type(error).__name__}), {load[0]}; "
                        "what was finished is kept, and the same command goes on from there"
                    ) from None
                for again in (
                    load[:1],
                    load[1:],
                ):  # apart, lest a cell that kills its worker takes others along
                    if again:
                        start(again)
            else:
                yield load.pop(0), outcome


RETRIES = 5
_LOADS_A_WORKER = 8
"""Enough that no worker sits idle long at the end."""
_MOST_CELLS = 50
"""Cells handed out at once: past this, handing out costs little beside any cell."""


def _stream(work: Work, cells: Sequence[Cell], version: str) -> Iterator[Outcome]:
    """On the worker: the outcomes of the cells, one after the other."""
    if version != __version__:
        raise RequestError(
            f"the cluster has spinodal {__version__}, and this machine {version}; install the same on both"
        )
    for cell in cells:
        yield work(cell)


def _loads(cells: Sequence[Cell], workers: int) -> Iterator[list[Cell]]:
    size = max(1, min(_MOST_CELLS, len(cells) // (workers * _LOADS_A_WORKER)))
    return (list(cells[first : first + size]) for first in range(0, len(cells), size))


def _fault(cause: BaseException) -> BaseException:
    """What went wrong on a worker, in one line."""
    if isinstance(cause, RequestError | RunError):
        return cause
    if isinstance(cause, ModuleNotFoundError):
        return RequestError(f"the cluster's machines lack {cause.name}; install spinodal[ray] on them")
    return RunError(f"a cell failed on the cluster: {type(cause).__name__}: {cause}")
