"""A long simulation killed for real, and a disk that fills while it keeps what is done."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

# some seconds of work, of which a few tenths are lost
_LONG = (
    *("simulate", "--beta", "1.05", "--h", "0", "--agents", "300000", "--sweeps", "400", "--runs", "2"),
    *("--method", "counts", "--seed", "5", "--every", "20", "--workers", "1", "--json"),
)


def _spinodal(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "spinodal", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def test_a_killed_simulation_goes_on_from_its_checkpoint_to_the_same_numbers(tmp_path: Path) -> None:
    kept = tmp_path / "run.npz"
    killed = _spinodal(*_LONG, "--checkpoint", str(kept), "--checkpoint-every", "0.3")
    before, seconds = 0, 0.0
    while not before and killed.poll() is None:  # until some of a run is kept
        time.sleep(0.05)
        if kept.exists():
            with np.load(kept) as archive:
                before, seconds = int(archive["sweeps"].sum()), float(archive["seconds"])
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert 0 < before < 800
    resumed, _ = _spinodal(*_LONG, "--checkpoint", str(kept)).communicate()
    whole, _ = _spinodal(*_LONG).communicate()
    first, second = json.loads(resumed), json.loads(whole)
    assert first.pop("seconds") > seconds
    second.pop("seconds")
    assert first == second


def test_a_full_disk_is_one_line_and_leaves_no_half_written_file(tmp_path: Path) -> None:
    kept = tmp_path / "run.npz"

    def fill() -> None:  # no file may grow past a kilobyte, as on a disk with no more room
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))

    asked = ("simulate", "--beta", "2", "--h", "0", "--agents", "50", "--sweeps", "200", "--runs", "20")
    out, told = _spinodal(*asked, "--checkpoint", str(kept), preexec_fn=fill).communicate()
    assert out == ""
    assert "cannot write" in told
    assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
