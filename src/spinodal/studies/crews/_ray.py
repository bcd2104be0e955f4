"""A Ray cluster, by address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from spinodal._errors import RequestError, RunError
from spinodal._ray_cluster import RayMember, load_ray
from spinodal.studies._work import Job, Outcome, carry_out
from spinodal.studies.crews._crew import Crew


class RayCrew(RayMember, Crew):
    """The CPUs of a Ray cluster: `host:port` of its head, `auto` for the one this machine is in, or `local`.

    A part is a task of one CPU. Where a worker or its machine is lost, the part is given back. Workers take
    keys from their own environment, and reach the study by its address, or at the same path.

    Raises `RequestError` where ray is not installed, or nothing answers at the address.
    """

    def __init__(self, address: str, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise RequestError(f"{workers} workers; give 1 or more")
        super().__init__(address, workers)
        self._under_way: dict[Any, Job] = {}

    def __enter__(self) -> Self:
        super().__enter__()
        self._remote = load_ray().remote(max_retries=0, num_cpus=1)(carry_out)
        return self

    def start(self, job: Job) -> None:
        self._under_way[self._remote.remote(job)] = job

    def wait(self) -> Sequence[Outcome]:
        ray = load_ray()
        (reference,), _ = ray.wait(list(self._under_way), num_returns=1)
        job = self._under_way.pop(reference)
        try:
            return [ray.get(reference)]
        except ray.exceptions.RayTaskError as error:
            return [Outcome(job.id, _told(error.cause))]
        except ray.exceptions.RayError as error:
            return [Outcome(job.id, f"its worker was lost ({type(error).__name__})", lost=True)]


def _told(cause: BaseException) -> str:
    """What went wrong on a worker, in one line."""
    if isinstance(cause, RequestError | RunError):
        return str(cause)
    if isinstance(cause, ModuleNotFoundError):
        return f"the cluster's machines lack {cause.name}; install spinodal[ray] on them"
    return " ".join(f"{type(cause).__name__}: {cause}".split())[:300]
