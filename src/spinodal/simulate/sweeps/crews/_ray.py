"""A Ray cluster, by address."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Self

from spinodal import __version__
from spinodal._errors import RequestError, RunError
from spinodal.simulate.sweeps._cell import Cell
from spinodal.simulate.sweeps._outcome import Outcome
from spinodal.simulate.sweeps.crews._crew import Crew, Work

LOCAL = "local"
"""The address that stands for a cluster of this machine alone, started and ended with the sweep."""


class RayCrew(Crew):
    """The CPUs of a Ray cluster: `host:port` of its head, `auto` for the one this machine is in, or `local`.

    A worker is handed a few cells at a time and sends each outcome as it is done. When a worker or its
    machine is lost, the cell it was at and those it had not begun are handed out again; a cell that loses
    its worker `RETRIES` times ends the sweep.

    Raises `RequestError` where ray is not installed, or nothing answers at the address.
    """

    def __init__(self, address: str, workers: int | None = None) -> None:
        self._address, self._asked = address, workers
        self._joined = False

    @property
    def workers(self) -> int:
        cpus = int(_ray().cluster_resources().get("CPU", 1))
        return max(1, cpus if self._asked is None else min(cpus, self._asked))

    def __enter__(self) -> Self:
        ray = _ray()
        if not ray.is_initialized():
            _join(ray, self._address, self._asked)
            self._joined = True
        return self

    def __exit__(self, *exception: object) -> None:
        if self._joined:
            _ray().shutdown()

    def run(self, work: Work, cells: Sequence[Cell]) -> Generator[tuple[Cell, Outcome], None, None]:
        ray = _ray()
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
_PATIENCE = 3.0
"""Seconds an address has to answer in."""


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


def _ray() -> Any:
    try:
        import ray
    except ModuleNotFoundError:
        raise RequestError("Ray is not installed; install the extra: pip install 'spinodal[ray]'") from None
    return ray


def _join(ray: Any, address: str, workers: int | None) -> None:
    """Connect, quietly; `ray.init` alone would try for minutes where nothing answers."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves the machine unasked
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == LOCAL:
        ray.init(address=LOCAL, num_cpus=workers, include_dashboard=False, **quiet)
        return
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS", address)
    if address != "auto":
        _knock(address)
    try:
        with _hushed():
            ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        # Ray shows its token to no address that was given by hand, unless told to: nor do we
        hint = "" if os.environ.get("RAY_AUTH_MODE") else "; if it asks for a token, set RAY_AUTH_MODE=token"
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RequestError(f"cannot join the Ray cluster at {address}: {reason}{hint}") from None


@contextmanager
def _hushed() -> Iterator[None]:
    """Nothing on standard error: Ray's core writes a warning there for every try, past Python's logging."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _knock(address: str) -> None:
    """Raise unless a Ray head answers: it speaks gRPC, so to the preface of HTTP/2 it sends its settings."""
    if address.startswith("ray://"):
        raise RequestError(
            f"{address} is for Ray's client; run the sweep on a machine of the cluster with --ray auto, "
            "say through `ray job submit`"
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise RequestError(f"{address!r} is no address of a Ray head; give host:port, auto or {LOCAL}")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE) as line:
            line.settimeout(_PATIENCE)
            line.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)))
            answer = line.recv(9)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RequestError(
            f"nothing answers at the Ray address {address} ({reason}); start a cluster with "
            "`ray start --head`, or leave ray out for this machine's cores"
        ) from None
    if answer[3:4] != b"\4" and not os.environ.get("RAY_USE_TLS"):
        raise RequestError(
            f"what answers at {address} is no Ray head; give the address `ray start --head` prints"
        )
