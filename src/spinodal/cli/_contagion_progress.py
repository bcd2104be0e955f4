"""How a contagion study under way looks: a bar with the time left; elsewhere a line a game."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from spinodal.cli._progress import run_bar

if TYPE_CHECKING:
    from spinodal.contagion.preparing import Preparation
    from spinodal.contagion.task import ContagionEvent
    from spinodal.contagion_studies import ContagionCosts, ContagionRequest

_LONG: Final = 10.0
"""Seconds from which on the time left is worth telling."""


class ContagionProgress:
    """A bar on a terminal; elsewhere a line a game. Call it with what happens."""

    def __init__(self, request: ContagionRequest, costs: ContagionCosts, *, quiet: bool) -> None:
        plan = request.plan
        self._plan = plan
        self._console, self._bar = run_bar(quiet=quiet)
        self._steps = plan.own_turns * plan.players + plan.questions_asked
        """Turns and questions of a game."""
        self._total = costs.games * self._steps
        self._task = self._bar.add_task("before play", total=self._total)
        self._done: dict[str, int] = {}
        self._ended: set[str] = set()
        self._before = 0
        self._began = time.monotonic()

    def __enter__(self) -> ContagionProgress:
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def __call__(self, event: ContagionEvent) -> None:
        from spinodal.contagion.play import Turned
        from spinodal.contagion.task import Answered, Prepared

        if isinstance(event, Prepared):
            self._say_prepared(event.preparation)
            self._began = time.monotonic()
        elif isinstance(event, Answered) and not event.game:
            self._before = event.asked
        elif isinstance(event, Answered | Turned):
            self._done[event.game] = self._done.get(event.game, 0) + 1
        else:
            self._ended.add(event.game)
            self._say_ended(event.game, event.end, event.why)
        self._bar.update(self._task, completed=self._completed, description=self._description)

    @property
    def _completed(self) -> int:
        under_way = sum(steps for game, steps in self._done.items() if game not in self._ended)
        return len(self._ended) * self._steps + under_way

    @property
    def _description(self) -> str:
        if not self._done and not self._ended:
            return f"before play: {self._before}/{self._plan.questions_asked} questions"
        return f"{len(self._ended)}/{self._total // self._steps} games"

    @property
    def _seconds_left(self) -> float:
        pace = (time.monotonic() - self._began) / max(self._completed, 1)
        return pace * (self._total - self._completed)

    def _say_prepared(self, preparation: Preparation) -> None:
        self._say(f"Answers: {preparation.readout.readout}; {preparation.readout.why}")
        for form in dict.fromkeys(preparation.decisions.values()):
            games = [game for game, one in preparation.decisions.items() if one == form]
            self._say(f"Decisions of {', '.join(games)}: {form}; {preparation.decisions_why[games[0]]}")
        for choice in dict.fromkeys(preparation.placements.values()):
            self._say(f"Guards speak at {choice.placement}: {choice.how}")
        known = sorted(preparation.profile.scores.items(), key=lambda item: -item[1])
        self._say("Before play: " + ", ".join(f"{name} {score:.2f}" for name, score in known))

    def _say_ended(self, game: str, end: str, why: str) -> None:
        if self._console.is_terminal and end != "failed":
            return
        left = self._total // self._steps - len(self._ended)
        wait = ""
        if left and self._seconds_left >= _LONG:
            from spinodal.report._words import duration

            wait = f" ({left} to go, {duration(self._seconds_left)} at most)"
        self._say(f"  {game}: {end}{f': {why}' if why else ''}{wait}")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False)
