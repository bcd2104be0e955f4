"""The trial of `benchmarks/nine_by_hundred.py` in small: failing servers, a cluster, a killed node."""

from __future__ import annotations

import importlib
import json
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from inspect_ai.model import ModelOutput

from spinodal.agents.serving import JournalEntry

pytest.importorskip("ray")

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
KILLED = 1000.0


@pytest.fixture(scope="module")
def checks() -> ModuleType:
    """The trial's own judgement of the journals."""
    with pytest.MonkeyPatch.context() as path:
        path.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("_nine_checks")


def _entry(digest: str, received: float, **changes: Any) -> JournalEntry:
    usual = JournalEntry(digest, "model", 1, 1, received, 200, received + 0.1, None)
    return replace(usual, **changes)


def test_a_call_asked_again_after_its_answer_is_found(checks: ModuleType) -> None:
    calls = checks.count_calls([_entry("a", 1.0), _entry("b", 2.0), _entry("a", 9.0)], KILLED)
    assert (calls.answered, calls.repeated, calls.repeated_in_flight) == (2, 1, 0)


def test_a_request_that_failed_on_purpose_may_be_made_again(checks: ModuleType) -> None:
    failed = _entry("a", 1.0, status=500, failure="ERROR")
    refused = _entry("a", 5.0, status=429, attempt=0)
    calls = checks.count_calls([_entry("a", 9.0, attempt=2), failed, refused], KILLED)
    assert (calls.answered, calls.repeated, calls.refused) == (1, 0, 1)
    assert calls.failed == {"ERROR": 1}


def test_what_was_in_flight_at_the_kill_is_told_apart(checks: ModuleType) -> None:
    died = _entry("a", KILLED - 0.3, closed=KILLED + 0.01)
    again = _entry("a", KILLED + 5, connection=2)
    calls = checks.count_calls([died, again], KILLED)
    assert (calls.in_flight, calls.repeated_in_flight, calls.repeated) == (1, 1, 0)
    # its answer had been kept; its connection ended with the kill all the same
    assert checks.count_calls([died, again], KILLED, kept=["a"]).repeated == 1
    # nor was it in flight on a connection that went on, or that ended for another reason
    assert checks.count_calls([replace(died, closed=None), again], KILLED).repeated == 1
    assert checks.count_calls([replace(died, closed=KILLED - 0.1), again], KILLED).repeated == 1


def test_the_calls_that_a_part_has_kept_are_read_off_its_cache(checks: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "parts" / "assess-a" / "cache" / "model"
    folder.mkdir(parents=True)
    output = ModelOutput(model="a", response_id="chatcmpl-0123456789abcdef01234567")
    (folder / "whole").write_bytes(pickle.dumps((None, output)))
    (folder / "begun").write_bytes(pickle.dumps((None, output))[:40])
    assert checks.kept_calls(tmp_path) == ["0123456789abcdef01234567"]


def test_a_call_that_nobody_got_an_answer_to_is_found(checks: ModuleType) -> None:
    lost = _entry("a", KILLED - 0.3, sent=None, closed=KILLED + 0.01)
    calls = checks.count_calls([lost], KILLED)
    assert (calls.answered, calls.unanswered, calls.in_flight) == (0, 1, 1)


@pytest.mark.long
def test_three_agents_and_four_pairs_survive_the_kill(tmp_path: Path) -> None:
    """Nine figures with 95% intervals: fewer than six hold the truth with probability below 1e-3."""
    ran = subprocess.run(
        [
            *(sys.executable, str(BENCHMARKS / "nine_by_hundred.py"), "--agents", "3", "--pairs", "4"),
            *("--budget", "24", "--kill-at", "60", "--head-works", "--seed", "1"),
            *("--folder", str(tmp_path / "trial"), "--json", str(tmp_path / "found.json")),
        ],
        capture_output=True,
        text=True,
        timeout=1500,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    done = json.loads((tmp_path / "found.json").read_text())
    assert done["faults"] == []
    assert done["curves"] == done["wanted"] == 12
    assert done["lost_parts"] == 1
    calls = done["calls"]
    assert calls["repeated"] == calls["unanswered"] == done["course"]["asked_by_rerun"] == 0
    assert calls["repeated_in_flight"] <= calls["in_flight"] <= 24  # no more than there were connections
    assert calls["answered"] >= done["table_calls"] >= 12 * 10
    # whatever was not an answer is accounted for
    others = sum(calls["failed"].values()) + calls["refused"]
    assert calls["requests"] - calls["answered"] - others <= calls["in_flight"]
    figures = [found[name] for found in done["found"].values() for name in ("beta", "h", "inside")]
    assert len(figures) == 9
    assert sum(one["low"] <= one["truth"] <= one["high"] for one in figures) >= 6
