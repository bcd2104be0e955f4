"""A contagion study killed by SIGKILL anywhere: the same command goes on and repeats no finished call."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from servers import ChatServer
from spinodal.contagion_runs import read_contagion
from spinodal.runs import CACHE, read_meta

AT_ONCE = 3
"""Calls under way at once."""


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with ChatServer(player="shift=-0.02/scatter=0.02", latency=0.01) as server:
        yield server


@pytest.fixture(scope="module")
def uninterrupted(server: ChatServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Counter[str]]:
    """The run folder, and how often each call was made: games of one number may ask the same."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert _start(server, folder).wait() == 0
    asked = _answered(server)
    server.requests.clear()
    return folder, asked


def _start(server: ChatServer, folder: Path) -> subprocess.Popen[bytes]:
    """Model opponents who talk, a guard, two games a cell."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "spinodal", "contagion", "--model", server.model),
            *("--game", "chicken", "--rounds", "2", "--games", "2", "--statements", "2"),
            *("--trait", "honesty", "--trait", "hostility", "--guard", "implicit-traits:threshold=0.6"),
            *("--max-connections", str(AT_ONCE), "--at-once", "2", "--retries", "0", "--run", str(folder)),
        ],
        env=os.environ | server.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _answered(server: ChatServer) -> Counter[str]:
    return Counter(request.key for request in server.answered)


def test_killed_anywhere_it_goes_on_and_asks_nothing_twice(
    server: ChatServer, uninterrupted: tuple[Path, Counter[str]], tmp_path: Path
) -> None:
    """Killed three times, at seeded places: in the assessment before play, among the games, and late.

    A call whose answer was on the wire when the process died was not finished: at most `AT_ONCE` of them a
    kill are asked again.
    """
    rng = random.Random(3)
    folder = tmp_path / "run"
    undisturbed, asked = uninterrupted
    whole = asked.total()
    for low, high in ((2, 8), (20, whole // 2), (whole // 2 + 10, whole - 20)):
        until = rng.randint(low, high)
        process = _start(server, folder)
        while len(server.answered) < until:
            assert process.poll() is None
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not (folder / "games.parquet").exists()
    assert _start(server, folder).wait() == 0
    assert _answered(server).keys() == asked.keys()
    assert (_answered(server) - asked).total() <= 3 * AT_ONCE
    first, second = read_contagion(undisturbed), read_contagion(folder)
    for name in ("games", "decisions", "answers", "messages"):
        one, other = (getattr(run, name).drop(columns="seconds", errors="ignore") for run in (first, second))
        pd.testing.assert_frame_equal(one, other)
    assert read_meta(folder)["totals"] == read_meta(undisturbed)["totals"]
    assert not (folder / CACHE).exists()
    assert not (folder / "before" / CACHE).exists()
