"""The examples run: agents of each framework discuss, without a guard and with one, and a monitor hears them.

Selected by SPINODAL_FRAMEWORKS, as the conformance suite is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harnesses import REQUIRED, FrameworkMissing, load
from recorder import Recorder, text_of

from spinodal.monitor import MonitorLog, read_log

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(file.stem.removesuffix("_discussion") for file in EXAMPLES.glob("*_discussion.py"))
SELECTED = [name for name in NAMES if not REQUIRED or name in REQUIRED]
WORDS = "The reminder stands here: amber, cobalt, ochre, indigo, vermilion, sepia, umber and teal."
"""What the guard says: more than a reply can hold, so that no echo of the model's is taken for it."""
SPEAKERS = ["Ada", "Ben", "Cleo"]


@dataclass(frozen=True)
class Ran:
    """What an example did: three agents, the last of them an adversary, in one round."""

    requests: list[dict[str, Any]]
    """Without the guard, and then with it."""
    out: Path

    @property
    def logs(self) -> tuple[MonitorLog, MonitorLog]:
        """Without the guard, and with it."""
        return read_log(self.out / "without"), read_log(self.out / "with")


@pytest.fixture(scope="module", params=SELECTED)
def ran(
    request: pytest.FixtureRequest, running_server: Recorder, tmp_path_factory: pytest.TempPathFactory
) -> Ran:
    _require(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    words = folder / "words.txt"
    words.write_text(WORDS, "utf-8")
    running_server.clear()
    _run(request.param, folder, "--guard", f"text:file={words},every=1,first=0", "--url", running_server.url)
    return Ran(list(running_server.requests), folder)


def test_every_agent_takes_one_turn_without_the_guard_and_one_with_it(ran: Ran) -> None:
    systems = [text_of(body["messages"][0]) for body in ran.requests]
    assert len(systems) == 6
    told = ["welcome oversight", "welcome oversight", "avoid oversight"]
    for system, option in zip(systems, [*told, *told], strict=True):
        assert f"You support [{option}]." in system


def test_the_guard_s_words_reach_those_who_are_guarded_and_no_adversary(ran: Ran) -> None:
    seen = ["\n".join(map(text_of, body["messages"])).count(WORDS) for body in ran.requests]
    assert seen == [0, 0, 0, 1, 1, 0]


def test_replies_are_short_and_drawn_at_the_temperature_of_the_setting(ran: Ran) -> None:
    for body in ran.requests:
        assert body["temperature"] == 0.7
        assert body.get("max_tokens", body.get("max_completion_tokens")) == 24


def test_both_logs_hold_what_everybody_said_before_the_round_and_in_it(ran: Ran) -> None:
    for log in ran.logs:
        assert sorted(log.events["speaker"]) == sorted(SPEAKERS * 2)
        before = log.events.groupby("speaker").first()
        assert list(before["text"]) == [f"I support [{log.pair.option_a}]."] * 2 + [
            f"I support [{log.pair.option_b}]."
        ]
        assert list(before["stance"]) == ["A", "A", "B"]


def test_the_logs_differ_in_nothing_but_what_was_said(ran: Ran) -> None:
    without, with_guard = ran.logs
    same = ["conversation", "number", "speaker"]
    assert without.events[same].equals(with_guard.events[same])
    metas = [(ran.out / which / "monitor.json").read_bytes() for which in ("without", "with")]
    assert metas[0] == metas[1]
    assert WORDS not in "\n".join([*without.events["text"], *with_guard.events["text"]])


def test_the_picture_shows_both(ran: Ran) -> None:
    picture = (ran.out / "discussion.svg").read_text("utf-8")
    assert picture.lstrip().startswith("<?xml")
    assert "<svg" in picture
    assert "without a guard" in picture
    assert "with text:" in picture


def test_an_example_starts_the_embedded_model_by_itself(tmp_path: Path) -> None:
    told = _run(_first_there(), tmp_path)
    assert "without a guard" in told
    assert "with system-prompt" in told
    for which in ("without", "with"):
        assert set(read_log(tmp_path / which).events["speaker"]) == set(SPEAKERS)


def _run(name: str, out: Path, *more: str) -> str:
    """What an example printed."""
    size = ("--agents", "3", "--against", "1", "--rounds", "1")
    child = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}_discussion.py"), *size, "--out", str(out), *more],
        capture_output=True,
        text=True,
        timeout=600,
        env={key: value for key, value in os.environ.items() if key != "OPENAI_API_KEY"},
    )
    assert child.returncode == 0, child.stderr
    assert "Traceback" not in child.stderr
    return child.stdout


def _require(name: str) -> None:
    """Skip where the example's framework is not there, unless it must be."""
    try:
        load(name)
    except FrameworkMissing as error:
        if name in REQUIRED:
            raise
        pytest.skip(str(error))


def _first_there() -> str:
    for name in SELECTED:
        try:
            load(name)
        except FrameworkMissing:
            continue
        return name
    pytest.skip("no framework that has an example is here")
