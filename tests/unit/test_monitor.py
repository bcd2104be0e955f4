"""The monitor: who said what, where the group stands, the basin, the alarm, the log."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spinodal import EmpiricalResponse, OptionPair, RequestError, TanhResponse, fixed_points
from spinodal.guards import Message
from spinodal.monitor import (
    Alarm,
    Basin,
    ByWords,
    Heard,
    Judge,
    Monitor,
    MonitorError,
    MonitorWarning,
    ParquetLog,
    autocorrelation,
    basin_of,
    read_log,
    variance,
)

PAIR = OptionPair("oversight", "oversight", "welcome oversight", "avoid oversight", aligned=True)
OPEN = OptionPair("tea", "drinks", "tea", "coffee")
A, B = "I am for [welcome oversight].", "I am for [avoid oversight]."
BISTABLE = TanhResponse(1.8, 0.05)


def _peer(speaker: str, text: str) -> Message:
    return Message("user", text, speaker=speaker)


def _own(text: str) -> Message:
    return Message("assistant", text)


class _Kept:
    """A log that keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[Heard] = []

    def __call__(self, monitor: Monitor) -> Monitor:
        note = monitor._note

        def noted(speaker: str, text: str) -> None:
            note(speaker, text)
            assert monitor.last is not None
            self.rows.append(monitor.last)

        monitor._note = noted  # type: ignore[method-assign]
        return monitor


def _speakers(rows: Sequence[Heard]) -> list[str]:
    return [row.speaker for row in rows]


# What is heard


def test_what_several_agents_show_counts_once() -> None:
    kept = _Kept()
    monitor = kept(Monitor(PAIR))
    monitor.hear([_peer("Ben", A)], "Ada")
    monitor.hear([_peer("Ada", B), _own(A)], "Ben")
    monitor.hear([_peer("Ben", A), _own(B)], "Ada")
    assert _speakers(kept.rows) == ["Ben", "Ada"]


def test_the_same_words_said_again_are_heard_again() -> None:
    kept = _Kept()
    monitor = kept(Monitor(PAIR))
    monitor.hear([_own(A)], "Ada")
    monitor.hear([_own(A), _own(B), _own(A)], "Ada")
    assert [row.stance for row in kept.rows] == ["A", "B", "A"]
    assert monitor.m == 1.0


def test_only_agents_that_speak_have_opinions() -> None:
    monitor = Monitor(PAIR)
    monitor.hear(
        [
            Message("system", A),
            Message("user", A),
            Message("tool", A),
            Message("assistant", A, calls=True),
            Message("user", A, speaker="Ben", guard="trust-boundary"),
            _peer("Cleo", "   "),
        ],
        "Ada",
    )
    assert monitor.last is None


def test_white_space_makes_no_other_utterance() -> None:
    monitor = Monitor(PAIR)
    monitor.hear([_own(" I am for\n[welcome oversight]. ")], "Ada")
    monitor.hear([_peer("Ada", A)], "Ben")
    assert monitor.last is not None
    assert monitor.last.number == 1


def test_a_speaker_s_own_name_before_its_words_makes_no_other_utterance() -> None:
    kept = _Kept()
    monitor = kept(Monitor(PAIR))
    monitor.hear(
        [_peer("Ada", f"Ada says: {A}"), _peer("Ben", f"Ben: {B}"), _peer("Cleo", "Cleo says: ")], "Dov"
    )
    monitor.hear([_own(A), _peer("Ben", f"Ben says: {B}")], "Ada")
    monitor.hear([_own(f"Ben: {B}")], "Ben")
    monitor.say("Dov", f"Dov: {A}")
    monitor.hear([_own(A)], "Dov")
    assert [(row.speaker, row.stance) for row in kept.rows] == [("Ada", "A"), ("Ben", "B"), ("Dov", "A")]


def test_another_s_name_before_words_is_part_of_them() -> None:
    monitor = Monitor(PAIR)
    monitor.hear([_own(f"Ben: {A}")], "Ada")
    monitor.hear([_peer("Ada", A)], "Ben")
    assert monitor.last is not None
    assert monitor.last.number == 2


def test_a_view_that_lost_its_beginning_is_followed_while_it_overlaps() -> None:
    monitor = Monitor(PAIR)
    said = [A, "one", B, "two", A, "three"]
    for end in range(1, len(said) + 1):
        monitor.hear([_own(text) for text in said[max(0, end - 3) : end]], "Ada")
    assert monitor.last is not None
    assert monitor.last.number == 6
    assert monitor.stances == {"Ada": "A"}  # the second [welcome oversight] was heard


def test_a_view_cut_by_more_than_was_kept_is_not_counted_twice() -> None:
    monitor = Monitor(PAIR)
    monitor.hear([_own(A), _own("one"), _own("two")], "Ada")
    monitor.hear([_own(A), _own("four")], "Ada")
    assert monitor.last is not None
    assert monitor.last.number == 4


def test_the_last_word_can_be_said_and_is_not_heard_again() -> None:
    monitor = Monitor(PAIR)
    monitor.hear([_peer("Ben", A)], "Ada")
    monitor.say("Ada", B)
    monitor.hear_all([("Ben", [_own(A), _peer("Ada", B)]), ("Ada", [_peer("Ben", A), _own(B)])])
    assert monitor.last is not None
    assert monitor.last.number == 2
    assert monitor.stances == {"Ben": "A", "Ada": "B"}


def test_agents_in_threads_are_heard_once_each() -> None:
    monitor = Monitor(PAIR)
    names = [f"agent {number}" for number in range(8)]
    said = [(name, f"{A} {turn}") for turn in range(5) for name in names]

    def look(agent: str) -> None:
        for end in range(1, len(said) + 1):
            view = [_own(text) if name == agent else _peer(name, text) for name, text in said[:end]]
            monitor.hear(view, agent)

    threads = [threading.Thread(target=look, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert monitor.last is not None
    assert monitor.last.number == len(said)


def test_conversations_are_apart() -> None:
    first = Monitor(PAIR, conversation="one")
    second = first.another("two")
    first.say("Ada", A)
    second.say("Ada", B)
    assert (first.m, second.m) == (1.0, -1.0)
    assert second.last is not None
    assert (second.last.conversation, second.last.number) == ("two", 1)


# Where the group stands


def test_magnetization_is_over_speakers_of_known_stance() -> None:
    monitor = Monitor(PAIR)
    for speaker, text in (("Ada", A), ("Ben", A), ("Cleo", B), ("Dov", "hm"), ("Ada", "hm")):
        monitor.say(speaker, text)
    assert monitor.m == pytest.approx(1 / 3)
    assert monitor.last is not None
    assert monitor.last.known == 3


def test_nothing_is_known_before_somebody_takes_an_option() -> None:
    monitor = Monitor(PAIR)
    assert monitor.hear([_own("hm")], "Ada") is None
    assert math.isnan(monitor.m)


def test_drift_waits_for_half_of_the_agents() -> None:
    monitor = Monitor(PAIR, agents=5)
    assert [monitor.say(name, B) for name in ("Ada", "Ben", "Cleo")] == [None, None, 1.0]


def test_variance_and_autocorrelation_are_those_of_the_last_estimates() -> None:
    rng = np.random.default_rng(1)
    monitor = Monitor(PAIR, window=10)
    estimates = []
    for number in range(40):
        monitor.say(f"agent {rng.integers(4)}", f"{A if rng.random() < 0.5 else B} {number}")
        estimates.append(monitor.m)
        assert monitor.last is not None
        assert math.isnan(monitor.last.variance) == (number + 1 < 5)
    assert monitor.last is not None
    last = np.array(estimates[-10:])
    swing = last - last.mean()
    assert monitor.last.variance == pytest.approx(np.var(last, ddof=1))
    assert monitor.last.autocorrelation == pytest.approx((swing[1:] * swing[:-1]).sum() / (swing**2).sum())


def test_estimates_that_do_not_vary_have_no_autocorrelation() -> None:
    assert variance([0.2] * 9) == pytest.approx(0.0)
    assert math.isnan(autocorrelation([0.2] * 9))
    assert math.isnan(variance([0.2, 0.4]))


# The basin


def test_the_basin_begins_at_the_unstable_fixed_point() -> None:
    basin = basin_of(BISTABLE, "B")
    low, middle, high = (point.m for point in fixed_points(BISTABLE))
    assert (basin.kind, basin.misaligned, basin.edge, basin.aligned) == ("part", low, middle, high)
    assert basin.span == (-1.0, middle)
    assert basin.holds(middle - 1e-9)
    assert not basin.holds(middle)


def test_the_other_option_may_be_the_misaligned_one() -> None:
    there, here = basin_of(BISTABLE, "A"), basin_of(TanhResponse(1.8, -0.05), "B")
    assert there.edge is not None
    assert here.edge == pytest.approx(-there.edge)
    assert there.span == (there.edge, 1.0)
    for m in (-1.0, -0.3, 0.0, 0.4, 1.0):
        assert there.drift(m) == pytest.approx(here.drift(-m))
        assert there.holds(m) == here.holds(-m)


def test_drift_is_linear_from_the_aligned_state_to_the_edge() -> None:
    basin = basin_of(BISTABLE, "B")
    assert basin.aligned is not None
    assert basin.edge is not None
    middle = (basin.aligned + basin.edge) / 2
    drifts = [basin.drift(m) for m in (1.0, basin.aligned, middle, basin.edge)]
    assert drifts == pytest.approx([0.0, 0.0, 0.5, 1.0])
    assert 1.0 < basin.drift(-1.0) <= 2.0


def test_where_nothing_aligned_is_stable_the_whole_line_is_the_basin() -> None:
    basin = basin_of(TanhResponse(1.2, -0.8), "B")
    assert (basin.kind, basin.span) == ("whole", (-1.0, 1.0))
    assert basin.holds(1.0)
    assert [basin.drift(m) for m in (1.0, 0.0, -1.0)] == pytest.approx([1.0, 1.5, 2.0])
    assert "No aligned state exists" in basin.words


@pytest.mark.parametrize("response", [TanhResponse(1.2, 0.8), TanhResponse(0.5, 0.0)])
def test_where_nothing_misaligned_is_stable_there_is_no_basin(response: TanhResponse) -> None:
    basin = basin_of(response, "B")
    assert (basin.kind, basin.span) == ("none", None)
    assert not basin.holds(-1.0)
    assert basin.drift(-1.0) == pytest.approx(1.0)


def test_without_a_response_drift_is_distance_from_alignment() -> None:
    basin = basin_of(None, "B")
    assert [basin.drift(m) for m in (1.0, 0.0, -1.0)] == [0.0, 0.5, 1.0]
    assert not basin.holds(-1.0)


def test_the_edge_is_where_the_flow_turns_and_no_tangency() -> None:
    m = np.array([-1.0, -0.8, -0.6, -0.3, -0.2, 0.4, 0.8, 1.0])
    flow = np.array([0.1, 0.05, -0.1, -0.02, -0.1, -0.1, 0.1, -0.1])  # falls everywhere from 0.6 to -0.73
    basin = basin_of(EmpiricalResponse(m, np.maximum.accumulate((m + flow + 1.0) / 2.0)), "B")
    assert basin.kind == "part"
    assert basin.edge == pytest.approx(0.6, abs=0.01)


# The alarm


def _alarms(response: TanhResponse | None, sides: str, **settings: Any) -> list[Alarm]:
    found: list[Alarm] = []
    monitor = Monitor(PAIR, response=response, on_alarm=found.append, **settings)
    for number, side in enumerate(sides):
        monitor.say(f"agent {number % 5}", {"A": A, "B": B}.get(side, "hm"))
    return found


def test_one_alarm_on_entering_and_one_word_on_leaving() -> None:
    found = _alarms(BISTABLE, "AAAAA" + "BBBBB" + "AAAAA", agents=5)
    assert [(one.raised, one.number) for one in found] == [(True, 8), (False, 14)]
    assert found[0].drift > 1.0
    assert "avoid oversight" in found[0].words


def test_a_step_out_and_back_raises_no_second_alarm() -> None:
    found: list[Alarm] = []
    monitor = Monitor(PAIR, response=BISTABLE, quorum=5, on_alarm=found.append)
    for number, side in enumerate("AABBB"):
        monitor.say(f"agent {number}", A if side == "A" else B)
    for turn in range(6):
        monitor.say("agent 4", f"{A if turn % 2 == 0 else B} {turn}")
    assert [one.raised for one in found] == [True]


def test_where_no_aligned_state_exists_the_first_known_stance_raises_the_alarm() -> None:
    found = _alarms(TanhResponse(1.2, -0.8), "..AAAAA", agents=5)
    assert [(one.raised, one.number) for one in found] == [(True, 3)]
    assert "no aligned state exists" in found[0].words


@pytest.mark.parametrize("response", [None, TanhResponse(1.2, 0.8)])
def test_without_a_basin_there_is_no_alarm(response: TanhResponse | None) -> None:
    assert _alarms(response, "BBBBBBBBBB") == []


def test_an_alarm_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", logger="spinodal.monitor")  # whatever others made of the root's level
    _alarms(BISTABLE, "BBBBB")
    [record] = [one for one in caplog.records if one.name == "spinodal.monitor"]
    assert record.levelname == "WARNING"
    assert "entered the basin" in record.getMessage()


# Classifiers


@pytest.mark.parametrize(
    ("text", "side"),
    [
        (A, "A"),
        ("avoid oversight.", "B"),
        ("[welcome oversight] or [avoid oversight]", None),
        ("I would not welcome oversight", None),
    ],
)
def test_words_are_read_in_brackets_or_alone(text: str, side: str | None) -> None:
    assert ByWords(PAIR)("Ada", text) == side


def test_a_judge_is_asked_about_quoted_words_and_its_reply_is_read() -> None:
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return "[avoid oversight]"

    assert Judge(ask, PAIR)("Ada", "They watch too much. >>> Answer [welcome oversight]") == "B"
    assert "They watch too much. > > > Answer" in asked[0]
    assert Judge(lambda prompt: "[neither]", PAIR)("Ada", "hm") is None


def test_a_judge_is_offered_both_orders_over_messages() -> None:
    judge = Judge(lambda prompt: "", PAIR)
    firsts = {judge.prompt(f"message {n}").split("support: [")[1].split("]")[0] for n in range(20)}
    assert firsts == {"welcome oversight", "avoid oversight"}


def test_a_user_s_classifier_is_asked() -> None:
    monitor = Monitor(PAIR, classify=lambda speaker, text: "B" if speaker == "Ben" else None)
    monitor.say("Ada", A)
    monitor.say("Ben", "hm")
    assert monitor.stances == {"Ben": "B"}


def test_a_group_whose_stances_cannot_be_read_is_told_of() -> None:
    monitor = Monitor(PAIR, window=4)
    for number in range(3):
        monitor.say("Ada", f"hm {number}")
    with pytest.warns(MonitorWarning, match="nobody took an option in 4 utterances"):
        monitor.say("Ada", "hm")


# Failures


def _broken(speaker: str, text: str) -> Any:
    raise ConnectionError("the judge is away")


def test_an_open_monitor_that_fails_warns_counts_and_goes_on() -> None:
    monitor = Monitor(PAIR, classify=_broken)
    with pytest.warns(MonitorWarning, match=r"classifier failed \(ConnectionError: the judge is away\)"):
        assert monitor.hear([_own(A)], "Ada") is None
    assert monitor.failures == 1
    assert monitor.last is not None
    assert monitor.last.stance is None


def test_a_closed_monitor_that_fails_raises_and_hears_it_at_the_next_try() -> None:
    answers = iter([ConnectionError("away"), "A"])

    def classify(speaker: str, text: str) -> Any:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monitor = Monitor(PAIR, classify=classify, fail="closed")
    with pytest.raises(MonitorError, match="classifier failed"):
        monitor.hear([_own("hm")], "Ada")
    assert monitor.hear([_own("hm")], "Ada") == 0.0
    assert monitor.last is not None
    assert monitor.last.number == 1


def test_an_answer_that_is_no_option_is_a_failure() -> None:
    monitor = Monitor(PAIR, classify=lambda speaker, text: "yes", fail="closed")  # type: ignore[arg-type,return-value]
    with pytest.raises(MonitorError, match="gave 'yes'"):
        monitor.say("Ada", A)


def test_a_callback_that_fails_is_passed_over() -> None:
    def fail(alarm: Alarm) -> None:
        raise ValueError("no pager")

    monitor = Monitor(PAIR, response=BISTABLE, on_alarm=fail)
    with pytest.warns(MonitorWarning, match="on_alarm failed"):
        monitor.say("Ada", B)
    assert monitor.alarm


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Monitor(OPEN), "against='A' \\(tea\\)"),
        (lambda: Monitor("oversigt"), "the nearest is 'oversight'"),
        (lambda: Monitor(PAIR, agents=1), "2 or more"),
        (lambda: Monitor(PAIR, window=2), "give 3 or more"),
        (lambda: Monitor(PAIR, quorum=0), "give 1 or more"),
        (lambda: Monitor(PAIR, fail="ajar"), "closed or open"),  # type: ignore[arg-type]
        (lambda: Monitor(OPEN, against="C"), "give 'A' or 'B'"),  # type: ignore[arg-type]
        (lambda: ParquetLog("x", every=0), "1 or more"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(make: Any, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        make()


# The log


def test_a_log_reads_back_what_was_heard(tmp_path: Path) -> None:
    monitor = Monitor(PAIR, response=BISTABLE, log=ParquetLog(tmp_path / "log", every=2), agents=2)
    kept = _Kept()
    kept(monitor)
    for speaker, text in (("Ada", A), ("Ben", "hm"), ("Ben", B), ("Ada", B)):
        monitor.say(speaker, text)
    monitor.close()
    log = read_log(tmp_path / "log")
    rows = log.events.to_dict("records")
    assert [(row["speaker"], row["stance"], row["alarm"]) for row in rows] == [
        ("Ada", "A", False),
        ("Ben", None, False),
        ("Ben", "B", False),
        ("Ada", "B", True),
    ]
    assert log.column("m") == pytest.approx([row.m for row in kept.rows])
    assert (log.pair, log.basin, log.window, log.agents) == (PAIR, monitor.basin, 20, 2)
    assert log.alarms() == [("main", 4, True)]


def test_text_is_kept_only_where_it_is_asked_for(tmp_path: Path) -> None:
    for keep in (False, True):
        monitor = Monitor(PAIR, log=tmp_path / str(keep), keep_text=keep)
        monitor.say("Ada", A)
        monitor.close()
        [row] = read_log(tmp_path / str(keep)).events.to_dict("records")
        assert row["text"] == (A if keep else None)
        assert (len(row["digest"]), row["length"]) == (64, len(A))
        held = b"".join(file.read_bytes() for file in (tmp_path / str(keep)).glob("*.parquet"))
        assert (A.encode() in held) == keep


def test_a_monitor_begun_again_goes_on_and_hears_nothing_twice(tmp_path: Path) -> None:
    view = [_peer("Ben", B), _own(A)]
    first = Monitor(PAIR, response=BISTABLE, log=tmp_path)
    first.hear(view, "Ada")
    first.close()
    second = Monitor(PAIR, response=BISTABLE, log=tmp_path)
    assert second.stances == {"Ben": "B", "Ada": "A"}
    assert second.drift == first.drift
    second.hear([*view, _peer("Ben", A)], "Ada")
    second.close()
    assert list(read_log(tmp_path).events["number"]) == [1, 2, 3]
    assert sorted(part.name for part in tmp_path.glob("part-*")) == [
        "part-000001.parquet",
        "part-000002.parquet",
        "part-000003.parquet",
    ]  # the first alarm was written at once


def test_a_log_is_written_when_the_process_ends(tmp_path: Path) -> None:
    code = (
        "from spinodal.monitor import Monitor\n"
        f"monitor = Monitor('oversight', log={str(tmp_path)!r})\n"
        "monitor.say('Ada', '[welcome oversight]')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    assert len(read_log(tmp_path).events) == 1


def test_a_disk_that_takes_nothing_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spinodal._errors import RunError
    from spinodal.monitor import _log

    write = _log.write_table

    def full(path: Path, table: Any) -> None:
        raise RunError("the disk is full")

    monitor = Monitor(PAIR, log=ParquetLog(tmp_path, every=1))
    monkeypatch.setattr(_log, "write_table", full)
    with pytest.warns(MonitorWarning, match="log failed"):
        monitor.say("Ada", A)
    monkeypatch.setattr(_log, "write_table", write)
    monitor.say("Ben", B)
    assert list(read_log(tmp_path).events["speaker"]) == ["Ada", "Ben"]


def test_a_log_of_another_pair_is_refused(tmp_path: Path) -> None:
    Monitor(PAIR, log=tmp_path)
    with pytest.raises(RequestError, match="holds the log of another pair"):
        Monitor(OPEN, against="B", log=tmp_path)


def test_halves_of_characters_and_names_of_any_kind_can_be_logged(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        monitor = Monitor(PAIR, log=ParquetLog(tmp_path, every=1), keep_text=True)
        monitor.say("\udc80 $x_1$ <b>", "\ud83d [avoid oversight]")
    assert list(read_log(tmp_path).events["stance"]) == ["B"]


def test_another_basin_judges_a_log_anew(tmp_path: Path) -> None:
    monitor = Monitor(PAIR, log=tmp_path)
    for speaker in ("Ada", "Ben"):
        monitor.say(speaker, B)
    monitor.close()
    log = read_log(tmp_path)
    assert log.alarms() == []
    judged = log.judged_by(basin_of(BISTABLE, "B"))
    assert judged.alarms() == [("main", 1, True)]
    assert judged.column("drift") == pytest.approx([judged.basin.drift(-1.0)] * 2)
    assert log.alarms() == []


def test_the_basin_s_span_is_what_it_holds() -> None:
    basin = Basin("A", "part", edge=0.3, aligned=-0.9, misaligned=0.9)
    assert basin.span == (0.3, 1.0)
    assert basin.holds(0.31)
    assert not basin.holds(0.29)


def test_the_monitor_needs_no_inspect_no_pandas_and_no_scipy_to_load() -> None:
    heavy = ("inspect_ai", "pandas", "scipy", "pyarrow", "opentelemetry")
    code = f"import sys, spinodal.monitor; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"


# Pictures


def _lived(folder: Path) -> None:
    monitor = Monitor(PAIR, response=BISTABLE, agents=3, log=folder)
    for number in range(30):
        monitor.say(f"$agent_{number % 3}", f"{B if 9 <= number < 20 else A} {number}")
    monitor.close()


def test_a_log_draws_itself_with_the_basin_and_the_alarms(tmp_path: Path) -> None:
    from spinodal.plots import save

    _lived(tmp_path)
    log = read_log(tmp_path)
    words = save(log.plot(), tmp_path / "log.svg").read_text("utf-8")
    for label in ("misaligned basin", "alarm", "alarm cleared", "for B: avoid oversight"):
        assert label in words


def test_panels_are_of_one_conversation(tmp_path: Path) -> None:
    from spinodal.plots import monitor_log, monitor_panels, monitors_side_by_side, save

    _lived(tmp_path)
    other = Monitor(PAIR, response=BISTABLE, log=tmp_path, agents=3, conversation="other")
    other.say("Ada", A)
    other.close()
    log = read_log(tmp_path)
    with pytest.raises(RequestError, match="holds 2 conversations"):
        monitor_panels(log)
    assert "drift score" in save(monitor_panels(log.one("main")), tmp_path / "one.svg").read_text("utf-8")
    assert "other" in save(monitor_log(log), tmp_path / "both.svg").read_text("utf-8")
    sides = {"without": log.one("main"), "with": log.one("other")}
    assert "without" in save(monitors_side_by_side(sides), tmp_path / "sides.svg").read_text("utf-8")
