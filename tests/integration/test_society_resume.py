"""A society killed with SIGKILL anywhere: the same command goes on and repeats no finished model call."""

from __future__ import annotations

import os
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
from spinodal.runs import CACHE, LOGS, read_meta
from spinodal.society_runs import read_society

AT_ONCE = 3
"""Trajectories, and so calls, under way at once."""


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with ChatServer(response="beta=1.5/h=0.1/noise=1", latency=0.02) as server:
        yield server


@pytest.fixture(scope="module")
def uninterrupted(server: ChatServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert _start(server, folder).wait() == 0
    server.requests.clear()
    return folder


def _start(server: ChatServer, folder: Path) -> subprocess.Popen[bytes]:
    """Agents that argue, among persuaders who come and go: updates of two calls, and calls between them."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "spinodal", "society", "--model", server.model, "--pair", "season"),
            *(
                "--agents",
                "5",
                "--m0",
                "0,0.6",
                "--trajectories",
                "2",
                "--stage",
                "2:0:0",
                "--stage",
                "2:0:2",
            ),
            *("--adversaries", "persuaders", "--arguments", "--no-stop-at-consensus", "--budget", "14"),
            *("--max-connections", str(AT_ONCE), "--at-once", str(AT_ONCE), "--retries", "0"),
            *("--run", str(folder)),
        ],
        env=os.environ | server.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _answered(server: ChatServer) -> set[str]:
    return {request.key for request in server.answered}


def test_killed_anywhere_it_goes_on_and_asks_nothing_twice(
    server: ChatServer, uninterrupted: Path, tmp_path: Path
) -> None:
    """Killed three times among the updates, at seeded places; then left to finish.

    A call whose answer was on the wire when the process died was not finished: at most `AT_ONCE` of them
    a kill are asked again.
    """
    rng = random.Random(5)
    folder = tmp_path / "run"
    for kill in range(3):
        before = len(server.requests)
        process = _start(server, folder)
        until = before + (30 if kill == 0 else 5) + rng.randrange(25)
        while len(server.requests) < until and process.poll() is None:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.06))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        time.sleep(0.3)  # the server finishes what it was asked
    assert read_meta(folder).get("responses")  # the measurement was over: the kills fell among the updates
    process = _start(server, folder)
    assert process.wait() == 0
    assert len(server.requests) <= len(_answered(server)) + 3 * AT_ONCE

    run, whole = read_society(folder), read_society(uninterrupted)
    pd.testing.assert_frame_equal(run.trajectories, whole.trajectories)
    for table in ("updates", "arguments"):
        found, expected = (getattr(one, table).drop(columns="seconds") for one in (run, whole))
        pd.testing.assert_frame_equal(found, expected)
    assert run.meta["totals"]["calls"] == whole.meta["totals"]["calls"]
    assert not (folder / CACHE).exists()
    assert len(list((folder / LOGS).glob("*.eval"))) == 1
    assert (folder / "report.html").exists()


def test_a_finished_society_is_not_lived_again(server: ChatServer, uninterrupted: Path) -> None:
    before = len(server.requests)
    assert _start(server, uninterrupted).wait() == 0
    assert len(server.requests) == before
