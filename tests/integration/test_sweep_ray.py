"""Sweeps on a real Ray cluster: the numbers of this machine, and a lost worker costs its own cells alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from spinodal.simulate.sweeps import SweepPlan, sweep

pytest.importorskip("ray")

GRID = {"beta": "1:3:0.1", "h": "0,0.1", "agents": 30, "m0": -0.8, "sweeps": 20}
RUNS, SEED, CELLS = 3, 7, 21 * 2

SLOWLY = """
import os, sys, time
from functools import partial
from spinodal.simulate.sweeps import _sweep, crews
from spinodal._errors import SpinodalError

grid, runs, seed, out, address, log, poison, retries = eval(sys.argv[1])
crews._ray.RETRIES = retries

def live(cell, *, live, **how):
    with open(log, "a") as file:
        file.write(f"{os.getpid()} {cell.key}\\n")
    time.sleep(0.1)
    if cell.key == poison:
        os.kill(os.getpid(), 9)
    return live(cell, **how)

_sweep.live = partial(live, live=_sweep.live)
try:
    _sweep.sweep(grid, runs=runs, seed=seed, out=out, ray=address)
except SpinodalError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""
"""A sweep whose workers take their time, note every cell they begin, and die of one where told to."""


@dataclass(frozen=True)
class Cluster:
    """A Ray head on loopback, with a token of its own."""

    address: str
    environment: dict[str, str]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    environment = os.environ | {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": uuid.uuid4().hex,
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # sockets lie there, whose paths have to be short
    ray = Path(sys.executable).with_name("ray")
    head = subprocess.Popen(
        [
            *(str(ray), "start", "--head", "--block", f"--port={port}", "--node-ip-address=127.0.0.1"),
            *("--num-cpus=2", "--include-dashboard=false", f"--temp-dir={folder}"),
        ],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert head.stdout is not None
    try:
        for line in head.stdout:
            if "Ray runtime started" in line:
                break
        else:
            pytest.fail(f"the Ray head ended with {head.wait()}")
        yield Cluster(f"127.0.0.1:{port}", environment)
    finally:
        head.terminate()
        head.communicate(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    out = tmp_path_factory.mktemp("local") / "sweep.parquet"
    sweep(GRID, runs=RUNS, seed=SEED, out=out, workers=1)
    return out.read_bytes()


def _command(cluster: Cluster, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "spinodal",
                "sweep",
                "--beta",
                "1:3:0.1",
                "--h",
                "0,0.1",
                "--agents",
                "30",
            ),
            *("--m0", "-0.8", "--sweeps", "20", "--runs", str(RUNS), "--seed", str(SEED)),
            *("--out", str(out), "--ray", cluster.address),
        ],
        env=cluster.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def _slowly(
    cluster: Cluster, out: Path, log: Path, poison: str = "", retries: int = 5
) -> subprocess.Popen[str]:
    asked = (GRID, RUNS, SEED, str(out), cluster.address, str(log), poison, retries)
    return subprocess.Popen(
        [sys.executable, "-c", SLOWLY, repr(asked)],
        env=cluster.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _begun(log: Path) -> list[tuple[int, str]]:
    """The workers and cells of `SLOWLY`, in the order in which they were begun."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [(int(pid), key) for pid, key in (line.split() for line in lines)]


def _kept(out: Path) -> list[str]:
    journal = out.with_name(f"{out.name}.cells")
    lines = journal.read_text().splitlines() if journal.exists() else []
    return [json.loads(line)["key"] for line in lines[1:]]


def test_the_cluster_gives_the_same_table_as_this_machine(
    cluster: Cluster, local: bytes, tmp_path: Path
) -> None:
    ended = _command(cluster, tmp_path / "sweep.parquet")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "sweep.parquet").read_bytes() == local
    assert " on 2 workers" in ended.stderr
    assert len(ended.stderr.splitlines()) == 2  # the plan, and nothing of Ray's


def test_a_killed_worker_costs_the_cell_it_was_at_alone(
    cluster: Cluster, local: bytes, tmp_path: Path
) -> None:
    out, log = tmp_path / "sweep.parquet", tmp_path / "begun"
    process = _slowly(cluster, out, log)
    killed: list[str] = []
    for number in (8, 22):
        while len(_begun(log)) < number:
            assert process.poll() is None
            time.sleep(0.01)
        worker, cell = _begun(log)[-1]
        os.kill(worker, signal.SIGKILL)
        killed.append(cell)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert out.read_bytes() == local
    begun = Counter(cell for _, cell in _begun(log))
    assert len(begun) == CELLS
    assert {cell for cell, times in begun.items() if times > 1} == set(killed)
    assert len(_kept(out)) == len(set(_kept(out))) == CELLS


def test_a_cell_that_kills_every_worker_ends_the_sweep_and_keeps_the_others(
    cluster: Cluster, tmp_path: Path
) -> None:
    out, log = tmp_path / "sweep.parquet", tmp_path / "begun"
    process = _slowly(cluster, out, log, retries=0, poison=_some_cell())
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert said.startswith("RunError: a cell lost its worker 1 times (WorkerCrashedError), beta = ")
    assert len(said.splitlines()) == 1
    kept = _kept(out)
    assert len(kept) == len(set(kept)) > 0


def test_a_sweep_begun_on_a_cluster_and_killed_goes_on_without_it(
    cluster: Cluster, local: bytes, tmp_path: Path
) -> None:
    out, log = tmp_path / "sweep.parquet", tmp_path / "begun"
    process = _slowly(cluster, out, log)
    while len(_kept(out)) < 10:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    before = len(_kept(out))
    sweep(GRID, runs=RUNS, seed=SEED, out=out)
    assert out.read_bytes() == local
    assert before < CELLS
    assert len(_kept(out)) == len(set(_kept(out))) == CELLS


def _some_cell() -> str:
    """The key of a cell in the middle of the grid."""
    return list(SweepPlan.of(GRID).cells)[CELLS // 2]
