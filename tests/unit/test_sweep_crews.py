"""Who does the work of a sweep, and what is said where nobody can."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from spinodal import RequestError, RunError, _ray_cluster
from spinodal.simulate.sweeps import Cell
from spinodal.simulate.sweeps.crews import RayCrew, ThreadCrew, _ray

CELLS = [Cell(beta=beta, h=0.0, agents=10) for beta in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)]


def _run(crew: ThreadCrew, work: Callable[..., Any], cells: list[Cell] = CELLS) -> list[tuple[Cell, Any]]:
    with crew, closing(crew.run(work, cells)) as finished:
        return list(finished)


def test_every_cell_comes_back_with_its_own_outcome() -> None:
    found = _run(ThreadCrew(3), lambda cell, **how: 10 * cell.beta)
    assert sorted((cell.beta, outcome) for cell, outcome in found) == [
        (cell.beta, 10 * cell.beta) for cell in CELLS
    ]


def test_cells_are_worked_at_together() -> None:
    together = threading.Barrier(3, timeout=10)
    _run(ThreadCrew(3), lambda cell, **how: together.wait())  # would time out, were they one after the other


def test_threads_without_a_cell_help_those_that_have_one() -> None:
    shares: list[int] = []
    _run(ThreadCrew(6), lambda cell, workers, progress: shares.append(workers), CELLS[:2])
    _run(ThreadCrew(2), lambda cell, workers, progress: shares.append(workers), CELLS[:3])
    assert shares == [3, 3, 1, 1, 1]


def test_a_fault_ends_the_cells_under_way_and_begins_no_more() -> None:
    begun: list[float] = []

    def work(cell: Cell, *, workers: int, progress: Callable[[float], None]) -> None:
        begun.append(cell.beta)
        if cell.beta == 1.0:
            raise RunError("no luck")
        for _ in range(1000):  # a long cell looks up now and then
            time.sleep(0.01)
            progress(0.0)

    started = time.monotonic()
    with pytest.raises(RunError, match="no luck"):
        _run(ThreadCrew(2), work)
    assert time.monotonic() - started < 5.0
    assert len(begun) <= 3


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A server that accepts, and answers as the test has it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def _join(address: str) -> str:
    with pytest.raises(RequestError) as refused, RayCrew(address):
        pass
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_ray_address_where_nothing_answers_is_refused_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    started = time.monotonic()
    said = _join(f"127.0.0.1:{port}")
    assert f"nothing answers at the Ray address 127.0.0.1:{port} (Connection refused)" in said
    assert time.monotonic() - started < 5.0


def test_an_address_that_accepts_and_says_nothing_is_refused_after_seconds(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_ray_cluster, "_PATIENCE", 0.2)
    assert "nothing answers" in _join(f"127.0.0.1:{listening.getsockname()[1]}")


def test_an_address_of_something_else_is_refused(listening: socket.socket) -> None:
    def answer() -> None:
        line, _ = listening.accept()
        with line:
            line.recv(100)
            line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    threading.Thread(target=answer, daemon=True).start()
    assert "is no Ray head" in _join(f"127.0.0.1:{listening.getsockname()[1]}")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("somewhere", "'somewhere' is no address of a Ray head; give host:port, auto or local"),
        ("host:port", "is no address of a Ray head"),
        ("127.0.0.1:99999", "nothing answers"),
        ("ray://host:10001", "is for Ray's client"),
    ],
)
def test_what_is_no_address_is_refused(address: str, said: str) -> None:
    assert said in _join(address)


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert _join("local") == "Ray is not installed; install the extra: pip install 'spinodal[ray]'"


class _Shut:
    """Ray, where its cluster turns every driver away."""

    class exceptions:
        class RayError(Exception):
            pass

    def init(self, **options: Any) -> None:
        raise ConnectionError("Failed to connect to Ray cluster\nand more")


@pytest.mark.parametrize(
    ("mode", "hint"), [(None, "; if it asks for a token, set RAY_AUTH_MODE=token"), ("token", "")]
)
def test_a_cluster_that_turns_us_away_is_one_line(
    monkeypatch: pytest.MonkeyPatch, mode: str | None, hint: str
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    if mode:
        monkeypatch.setenv("RAY_AUTH_MODE", mode)
    with pytest.raises(RequestError) as refused:
        _ray_cluster.join(_Shut(), "auto", None)
    assert (
        str(refused.value) == f"cannot join the Ray cluster at auto: Failed to connect to Ray cluster{hint}"
    )


def test_a_worker_of_another_version_refuses_to_work() -> None:
    with pytest.raises(RequestError, match=r"this machine 0\.0\.1; install the same on both"):
        next(_ray._stream(lambda cell, **how: None, CELLS, "0.0.1"))


@pytest.mark.parametrize(
    ("cause", "kind", "said"),
    [
        (RequestError("too many agents"), RequestError, "too many agents"),
        (RunError("no memory"), RunError, "no memory"),
        (ModuleNotFoundError("No module named 'spinodal'", name="spinodal"), RequestError, "lack spinodal"),
        (ZeroDivisionError("by zero"), RunError, "ZeroDivisionError: by zero"),
    ],
)
def test_what_goes_wrong_on_a_worker_is_said_here(cause: Exception, kind: type[Exception], said: str) -> None:
    fault = _ray._fault(cause)
    assert isinstance(fault, kind)
    assert said in str(fault)


@pytest.mark.parametrize(("cells", "workers", "sizes"), [(6, 2, {1}), (1000, 2, {50}), (160, 2, {10})])
def test_workers_are_handed_several_cells_where_there_are_many(
    cells: int, workers: int, sizes: set[int]
) -> None:
    loads = list(_ray._loads([CELLS[0]] * cells, workers))
    assert sum(map(len, loads)) == cells
    assert {len(load) for load in loads} <= sizes
