"""Killed with SIGKILL anywhere, the same command goes on and repeats no finished model call."""

from __future__ import annotations

import os
import pickle
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from servers import ChatServer
from spinodal.runs import CACHE, META, read_run

CONNECTIONS = 3
BUDGET = 20

KILLED_AT_REPLACE = """
import os, signal, sys
from spinodal.cli._main import run

number, moment = int(sys.argv.pop(1)), sys.argv.pop(1)
replace, done = os.replace, 0

def replace_or_die(source, target):
    global done
    done += 1
    if done == number and moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)
    if done == number:
        os.kill(os.getpid(), signal.SIGKILL)

os.replace = replace_or_die
sys.exit(run(sys.argv[1:]))
"""
"""The command, killed around the moment a file of the run folder takes its place."""


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with ChatServer(response="beta=1.5/h=0.1/noise=1", latency=0.03) as server:
        yield server


@pytest.fixture(scope="module")
def uninterrupted(server: ChatServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert _start(server, folder).wait() == 0
    server.requests.clear()
    return folder


def _start(server: ChatServer, folder: Path, *driver: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(sys.executable, *(driver or ("-m", "spinodal")), "assess", "--model", server.model),
            *("--pairs", "season,shutdown", "--budget", str(BUDGET), "--retries", "0"),
            *("--max-connections", str(CONNECTIONS), "--run", str(folder)),
        ],
        env=os.environ | server.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _kept(folder: Path) -> int:
    """Finished calls in the folder's cache."""
    count = 0
    for path in (folder / CACHE).rglob("*"):
        if path.is_file():
            try:
                pickle.loads(path.read_bytes())
            except (EOFError, pickle.UnpicklingError):
                continue  # was being written
            count += 1
    return count


def _answered(server: ChatServer) -> set[str]:
    return {request.key for request in server.answered}


def _assert_same(folder: Path, other: Path) -> None:
    """The same table, but for the time the calls took."""
    found, expected = (read_run(path).observations.drop(columns="seconds") for path in (folder, other))
    pd.testing.assert_frame_equal(found, expected)
    fits = [pd.read_parquet(path / "fits.parquet").drop(columns="scores") for path in (folder, other)]
    pd.testing.assert_frame_equal(*fits)


def test_killed_among_the_calls_it_goes_on_where_it_was(
    server: ChatServer, uninterrupted: Path, tmp_path: Path
) -> None:
    """Killed three times, each a seeded number of calls further on; then left to finish."""
    rng = random.Random(11)
    folder = tmp_path / "run"
    server.requests.clear()
    sessions = []
    for _ in range(3):
        before = len(server.requests)
        process = _start(server, folder)
        until = before + rng.randrange(3, 9)
        while len(server.requests) < until and process.poll() is None:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.06))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        time.sleep(0.3)  # the server finishes what it was asked
        kept, answered = _kept(folder), _answered(server)
        # what is answered but not kept was under way: no more than there were connections
        assert len(answered) - CONNECTIONS * (len(sessions) + 1) <= kept
        sessions.append((len(server.requests), kept, answered))
    assert _start(server, folder).wait() == 0
    for asked, kept, answered in sessions:
        later = [request.key for request in server.requests[asked:]]
        repeated = [key for key in later if key in answered]
        assert len(set(repeated)) <= len(answered) - kept
    # all in all: one request a call, but for those under way at the kills
    assert len(server.requests) <= len(_answered(server)) + 3 * CONNECTIONS
    _assert_same(folder, uninterrupted)
    assert not (folder / CACHE).exists()
    assert len(list((folder / "logs").glob("*.eval"))) == 1


def test_killed_while_the_folder_is_written_it_ends_with_the_same_and_asks_nothing_again(
    server: ChatServer, uninterrupted: Path, tmp_path: Path
) -> None:
    """One folder, killed just before or after one file or another takes its place, until all have."""
    folder = tmp_path / "run"
    server.requests.clear()
    kills = 0
    moments = ((1, "after"), (2, "before"), (3, "after"), (4, "before"), (6, "after"), (12, "after"))
    for number, moment in moments:
        process = _start(server, folder, "-c", KILLED_AT_REPLACE, str(number), moment)
        if process.wait() == 0:
            break
        assert process.returncode == -signal.SIGKILL
        kills += 1
        for table in folder.glob("*.parquet"):
            pd.read_parquet(table)
    assert process.returncode == 0
    assert kills >= 3  # meta.json, the tables and the page take their place one by one
    assert _answered(server)
    assert len(server.requests) == len(_answered(server))
    _assert_same(folder, uninterrupted)
    assert (folder / "report.html").exists()
    assert not list(folder.glob(".*"))


def test_the_time_of_killed_sessions_is_kept(server: ChatServer, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = _start(server, folder)
    while not (folder / META).exists():
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert _start(server, folder).wait() == 0
    meta = read_run(folder).meta
    assert len(meta["sessions"]) == 2
    assert meta["seconds"] == pytest.approx(sum(session["seconds"] for session in meta["sessions"]), abs=1e-3)


def test_an_interrupt_keeps_what_was_finished_and_says_so(server: ChatServer, tmp_path: Path) -> None:
    """Ctrl-C, as a terminal sends it."""
    folder = tmp_path / "run"
    server.requests.clear()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "spinodal", "assess", "--model", server.model, "--pairs", "season"),
            *("--budget", "40", "--max-connections", "1", "--run", str(folder)),
        ],
        env=os.environ | server.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while len(server.requests) < 8:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1].startswith("spinodal: stopped; what was finished is kept")
    assert "Traceback" not in err
    assert _kept(folder) >= 6
