"""A society of the embedded model: killed and run again, it is the society it would have been."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
from inspect_ai.log import read_eval_log

from spinodal.runs import CACHE, LOGS
from spinodal.society_runs import read_society


def _start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "spinodal", "society", "--pair", "season", "--template", "minimal"),
            *("-M", "reproducible=true", "--agents", "4", "--m0", "0,0.5", "--trajectories", "1"),
            *("--sweeps", "4", "--no-stop-at-consensus", "--no-predict", "--run", str(folder)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _kept(folder: Path) -> int:
    """Finished calls in the run's cache."""
    count = 0
    for path in (folder / CACHE).rglob("*"):
        if path.is_file():
            try:
                pickle.loads(path.read_bytes())
            except (EOFError, pickle.UnpicklingError):
                continue  # was being written
            count += 1
    return count


def _calls(folder: Path) -> list[str | None]:
    """Where each model call of the log was answered from: "read" is the cache, "write" the engine."""
    (log,) = (folder / LOGS).glob("*.eval")
    samples = read_eval_log(str(log)).samples or []
    return [event.cache for sample in samples for event in sample.events if event.event == "model"]


def test_killed_among_its_updates_it_becomes_what_it_would_have_been(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    process = _start(killed)
    while _kept(killed) < 12 and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    kept = _kept(killed)
    assert 12 <= kept < 2 * 4 * 4
    assert _start(killed).wait() == 0
    assert _start(whole).wait() == 0

    assert _calls(whole).count("read") == 0
    assert _calls(killed).count("read") == kept
    assert len(_calls(killed)) == len(_calls(whole)) == read_society(whole).meta["totals"]["calls"]
    tables = [read_society(folder).updates.drop(columns="seconds") for folder in (killed, whole)]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
