"""The monitor itself."""

from __future__ import annotations

import logging
import math
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spinodal._errors import RequestError, RunError
from spinodal.guards import FAIL_POLICIES, FailPolicy, Message
from spinodal.monitor._basin import Basin, basin_of, response_in
from spinodal.monitor._classify import ByWords, Classifier
from spinodal.monitor._events import Alarm, Heard, as_said, digest_of
from spinodal.monitor._hearing import Hearing, without_name
from spinodal.monitor._log import ParquetLog, meta_of
from spinodal.monitor._signs import LEAST, autocorrelation, enough_of, variance
from spinodal.monitor._watch import Watch
from spinodal.pairs import OptionPair, bank_pairs, select_pairs
from spinodal.response import ResponseFunction
from spinodal.theory import Side

if TYPE_CHECKING:
    from spinodal.monitor.telemetry import Telemetry

_logger: Final = logging.getLogger("spinodal.monitor")
_NEITHER: Final[dict[str, Side | None]] = {"A": "A", "B": "B"}


class MonitorError(RunError):
    """The monitor failed, and its policy is to fail closed: the model is not called."""


class MonitorWarning(UserWarning):
    """The monitor failed, and its policy is to fail open: the group talks on, part of it unheard."""


class Monitor:
    """Hears a conversation among agents, and says where the group stands between two options.

    One monitor is given to the adapters of all agents of a group: each shows it its own view of the
    conversation, and what several show counts once. So an agent's name at its adapter must be the name under
    which its peers see it. What is said last is heard when somebody looks again, or through `say`.

    It holds one conversation; `another` gives one for the next, with the same settings.

    Args:
        pair: the two options, or the id of one in the bank. A is the aligned one where it is declared.
        classify: which option an utterance takes; by default `ByWords(pair)`. `Judge` asks a model.
        response: of one agent to its peers, which draws the basin of the misaligned state; without it there
            is no alarm, and drift is distance from alignment alone.
        against: the misaligned option; by default B where A is declared aligned.
        agents: how many there are. Half of them must be of known stance before m means something.
        quorum: how many must be, instead.
        window: estimates of m behind the variance and the autocorrelation.
        log: where to keep what was heard: a folder, or a `ParquetLog`. A log of the same conversation is
            gone on with, and nothing in it is heard again.
        telemetry: OpenTelemetry spans and metrics; None for none.
        keep_text: whether the log keeps what was said, and not only its digest and length.
        on_alarm: called with each `Alarm`, raised or cleared, in the thread that heard of it.
        fail: what a failure (of the classifier, the log, the telemetry, `on_alarm`) does: "open" warns
            (`MonitorWarning`), counts it and goes on; "closed" raises `MonitorError`.
        conversation: its name in the log.

    Raises:
        RequestError: an unknown pair or policy; a pair without a declared aligned option and no `against`;
            fewer than two agents; a window or a quorum that is none; a log of another pair.
    """

    def __init__(
        self,
        pair: OptionPair | str,
        *,
        classify: Classifier | None = None,
        response: ResponseFunction | None = None,
        against: Side | None = None,
        agents: int | None = None,
        quorum: int | None = None,
        window: int = 20,
        log: ParquetLog | str | Path | None = None,
        telemetry: Telemetry | None = None,
        keep_text: bool = False,
        on_alarm: Callable[[Alarm], None] | None = None,
        fail: FailPolicy = "open",
        conversation: str = "main",
    ) -> None:
        self.pair = select_pairs(bank_pairs(), [pair])[0] if isinstance(pair, str) else pair
        self.basin: Basin = basin_of(response, _against(self.pair, against), agents)
        if window < LEAST:
            raise RequestError(f"a window of {window} estimates; give {LEAST} or more")
        if quorum is not None and quorum < 1:
            raise RequestError(f"a quorum of {quorum} speakers; give 1 or more")
        if fail not in FAIL_POLICIES:
            raise RequestError(f"a monitor that fails {fail!r}; give closed or open")
        self.agents, self.window, self.conversation = agents, window, conversation
        self.quorum = quorum if quorum is not None else 1 if agents is None else (agents + 1) // 2
        self.log = ParquetLog(log) if isinstance(log, str | Path) else log
        self._classify: Classifier = classify or ByWords(self.pair)
        self._telemetry, self._keep_text, self._on_alarm = telemetry, keep_text, on_alarm
        self._fail: FailPolicy = fail
        self._lock = threading.RLock()
        self._start()

    @classmethod
    def from_run(cls, run: str | Path, pair: OptionPair | str, **settings: Any) -> Monitor:
        """A monitor with the response that a run of `spinodal assess` measured on the pair.

        Args:
            run: its folder.
            pair: as in `Monitor`; the run must have measured it.
            settings: the others of `Monitor`.

        Raises:
            RequestError: as `Monitor`, and where the folder holds no fit of the pair.
        """
        name = pair if isinstance(pair, str) else pair.id
        return cls(pair, response=response_in(run, name), **settings)

    def another(self, conversation: str) -> Monitor:
        """A monitor of the same settings, and the same log, for another conversation.

        It reads what the log has of that conversation, so as to go on with it.
        """
        twin = object.__new__(Monitor)
        twin.__dict__.update(self.__dict__)
        twin.conversation = conversation
        twin._lock = threading.RLock()
        twin._start()
        return twin

    def hear(self, messages: Sequence[Message], agent: str) -> float | None:
        """Note what is new in an agent's view of the conversation; the group's drift score.

        Args:
            messages: the stored conversation, whole, from the agent's point of view.
            agent: its name, under which its peers see it too.

        Returns:
            0 at the aligned state, 1 at the edge of the misaligned basin, 2 at most; None where it is not
            known (nobody's stance is, or too few).
        """
        with self._lock:
            try:
                for speaker, text in self._hearing.news(messages, agent):
                    self._note(speaker, text)
            except MonitorError:
                raise
            except Exception as error:
                self._failed("hearing", error)
            return self.drift

    def hear_all(self, views: Sequence[tuple[str, Sequence[Message]]]) -> float | None:
        """Note what is new in several agents' views, as when a conversation is over; the drift score."""
        for agent, messages in views:
            self.hear(messages, agent)
        return self.drift

    def say(self, speaker: str, text: str) -> float | None:
        """Note an utterance that no view has shown yet: the last word, or what another channel brought.

        It is not heard again where views show it later. Returns the drift score.
        """
        with self._lock:
            said = without_name(speaker, text)
            if said.strip():
                self._note(speaker, said)
            return self.drift

    @property
    def m(self) -> float:
        """Magnetization of the speakers whose stance is known; NaN where none is."""
        sides = list(self._stances.values())
        return (sides.count("A") - sides.count("B")) / len(sides) if sides else math.nan

    @property
    def stances(self) -> dict[str, Side]:
        """What each speaker stands for, of those that are known."""
        with self._lock:
            return dict(self._stances)

    @property
    def drift(self) -> float | None:
        """The drift score; None where it is not known."""
        return None if math.isnan(self._drift) else self._drift

    @property
    def alarm(self) -> bool:
        """Whether an alarm stands."""
        return self._watch.alarm

    @property
    def failures(self) -> int:
        """Failures of the monitor itself that were passed over."""
        return self._failures

    @property
    def last(self) -> Heard | None:
        """The last utterance heard by this monitor; None before the first."""
        return self._last

    def close(self) -> None:
        """Write what the log has not written yet."""
        if self.log is not None:
            self._try("log", self.log.close)

    def _start(self) -> None:
        """An empty state, or that which the log has of this conversation."""
        self._hearing = Hearing()
        self._stances: dict[str, Side] = {}
        self._estimates: deque[float] = deque(maxlen=self.window)
        self._watch = Watch(self.basin, self.quorum)
        self._drift, self._number, self._failures, self._took = math.nan, 0, 0, 0
        self._last: Heard | None = None
        if self.log is None:
            return
        self.log.begin(meta_of(self.pair, self.basin, self.window, self.agents, self.quorum))
        kept = self.log.kept(self.conversation)
        self._hearing.restore((one.speaker, one.digest) for one in kept)
        for one in kept:
            self._take(one.speaker, one.stance)
        self._last = kept[-1] if kept else None

    def _take(self, speaker: str, stance: Side | None) -> None:
        """What an utterance does to the group's state."""
        self._number += 1
        if stance is not None:
            self._took += 1
            self._stances[speaker] = stance
        m = self.m
        if not math.isnan(m):
            self._estimates.append(m)
        self._drift = self._watch.see(m, len(self._stances))

    def _note(self, speaker: str, text: str) -> None:
        began, said = time.time_ns(), as_said(text)
        stance = self._try("classifier", lambda: self._stance(speaker, text))
        stood = self._watch.alarm
        self._take(speaker, stance)
        self._hearing.note(speaker, said)
        enough = len(self._estimates) >= enough_of(self.window)
        heard = Heard(
            time=began / 1e9,
            conversation=self.conversation,
            number=self._number,
            speaker=_storable(speaker),
            stance=stance,
            m=self.m,
            known=len(self._stances),
            variance=variance(list(self._estimates)) if enough else math.nan,
            autocorrelation=autocorrelation(list(self._estimates)) if enough else math.nan,
            drift=self._drift,
            alarm=self._watch.alarm,
            digest=digest_of(said),
            length=len(said),
            text=_storable(text) if self._keep_text else None,
        )
        self._last = heard
        alarm = self._alarm(heard) if heard.alarm != stood else None
        if self.log is not None:
            log = self.log
            self._try("log", lambda: log.write(heard))
            if alarm is not None:
                self._try("log", log.flush)
        if self._telemetry is not None:
            telemetry = self._telemetry
            self._try("telemetry", lambda: telemetry.heard(heard, self.pair.id, began, alarm))
        if alarm is not None:
            _logger.warning("%s: %s", self.conversation, alarm.words)
            if self._on_alarm is not None:
                call = self._on_alarm
                self._try("on_alarm", lambda: call(alarm))
        if self._took == 0 and self._number == self.window:
            warnings.warn(
                f"nobody took an option in {self._number} utterances, so where the group stands is unknown; "
                "have a model read them: classify=Judge(ask, pair)",
                MonitorWarning,
                stacklevel=2,
            )

    def _stance(self, speaker: str, text: str) -> Side | None:
        stance = self._classify(speaker, text)
        if stance is None:
            return None
        if stance not in _NEITHER:
            raise ValueError(f"the classifier gave {stance!r}, and not 'A', 'B' or None")
        return _NEITHER[stance]

    def _alarm(self, heard: Heard) -> Alarm:
        option = self.pair.option_b if self.basin.against == "B" else self.pair.option_a
        if not heard.alarm:
            words = f"the group has left the basin of [{option}] (m = {heard.m:.2f})"
        elif self.basin.kind == "whole":
            words = f"no aligned state exists: the group ends at [{option}] from anywhere (m = {heard.m:.2f})"
        else:
            words = (
                f"the group entered the basin of [{option}] (m = {heard.m:.2f}, edge {self.basin.edge:.2f})"
            )
        return Alarm(heard.alarm, heard.conversation, heard.number, heard.time, heard.m, heard.drift, words)

    def _try(self, part: str, do: Callable[[], Any]) -> Any:
        """The result, or None where it failed and may."""
        try:
            return do()
        except Exception as error:
            self._failed(part, error)
            return None

    def _failed(self, part: str, error: Exception) -> None:
        """Raise, or warn and count, as the policy is."""
        told = f"the monitor's {part} failed ({type(error).__name__}: {' '.join(str(error).split())[:200]})"
        if self._fail == "closed":
            raise MonitorError(told) from error
        self._failures += 1
        warnings.warn(
            f"{told}; the group goes on unheard there ({self._failures} failures so far)",
            MonitorWarning,
            stacklevel=3,
        )
        if self._telemetry is not None and part != "telemetry":
            try:
                self._telemetry.failed(part, self.pair.id, self.conversation)
            except Exception:
                _logger.exception("telemetry failed, too")


def _against(pair: OptionPair, against: Side | None) -> Side:
    if against is not None:
        if against not in ("A", "B"):
            raise RequestError(f"a misaligned option {against!r}; give 'A' or 'B'")
        return against
    if not pair.aligned:
        raise RequestError(
            f"the pair {pair.id!r} declares no aligned option; say which is the misaligned one: "
            f"against='A' ({pair.option_a}) or against='B' ({pair.option_b})"
        )
    return "B"


def _storable(text: str) -> str:
    """A text that UTF-8 can write: halves of characters, which frameworks pass on, become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
