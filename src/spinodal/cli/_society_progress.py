"""How a society under way looks: what was done of it, the live magnetization, the time left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from spinodal.cli._measuring import MeasuringProgress
from spinodal.cli._progress import run_bar

if TYPE_CHECKING:
    from spinodal.societies import SocietyRequest
    from spinodal.society.life import Updated
    from spinodal.society.task import Measuring, SocietyEvent

_ENDS: Final = {
    "sweeps": "lived to its end",
    "consensus": "all agree",
    "abstention": "stopped: for a whole sweep no reply took either option",
    "failed": "failed",
}
_ENOUGH: Final = 20
"""Updates after which the time can be told."""
_LONG: Final = 10.0
"""Seconds from which on it is worth telling."""


class SocietyProgress:
    """A bar on a terminal; elsewhere a line a trajectory. Call it with what happens."""

    def __init__(self, request: SocietyRequest, *, quiet: bool) -> None:
        plan = request.plan
        self._request, self._quiet = request, quiet
        self._starts, self._agents = plan.starts, plan.agents
        self._life = plan.agents * plan.sweeps
        """Updates of a trajectory, at most."""
        self._console, self._bar = run_bar(quiet=quiet)
        self._task = self._bar.add_task("starting", total=self._life * len(self._starts))
        self._measuring: MeasuringProgress | None = None
        self._updates: dict[int, int] = {}
        """Updates of each trajectory so far."""
        self._m: dict[int, float] = {}
        """Magnetization of each trajectory that was heard of."""
        self._ended: set[int] = set()
        self._began = 0.0
        self._told = False

    def __enter__(self) -> SocietyProgress:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._measuring is not None:
            self._measuring.__exit__(*exception)
        self._bar.stop()

    def __call__(self, event: SocietyEvent) -> None:
        from spinodal.measure.reading import ReadoutChoice
        from spinodal.society.life import Updated
        from spinodal.society.task import Measuring

        if isinstance(event, Measuring):
            self._measure(event)
            return
        if isinstance(event, ReadoutChoice):
            self._say(f"Readout: {event.readout}; {event.why}")
            self._bar.start()
            self._began = self._began or time.monotonic()
        elif isinstance(event, Updated):
            self._update(event)
        else:
            self._ended.add(event.trajectory)
            self._say_ended(event.trajectory, event.end)
        self._bar.update(self._task, completed=self._done, description=self._description)

    def _measure(self, event: Measuring) -> None:
        if self._measuring is None:
            one = next(one for one in self._request.plan.groups if one.name == event.group)
            plan = self._request.measurement(one, event.peers).plan
            self._measuring = MeasuringProgress(plan, quiet=self._quiet).__enter__()
        self._measuring(event.event)
        if self._measuring.over:
            self._measuring.__exit__()
            self._measuring = None

    def _update(self, event: Updated) -> None:
        self._updates[event.trajectory] = event.update + 1
        self._m[event.trajectory] = 2.0 * event.agents_a / self._agents - 1.0
        if not self._told and sum(self._updates.values()) >= _ENOUGH:
            self._told = True
            seconds = self._seconds_left
            if seconds >= _LONG:
                from spinodal.report._words import duration

                self._say(f"At this pace it takes {duration(seconds)} at most")

    @property
    def _done(self) -> int:
        """Updates that need no waiting for any more."""
        under_way = (count for number, count in self._updates.items() if number not in self._ended)
        return self._life * len(self._ended) + sum(under_way)

    @property
    def _seconds_left(self) -> float:
        pace = (time.monotonic() - self._began) / max(sum(self._updates.values()), 1)
        return pace * (self._life * len(self._starts) - self._done)

    @property
    def _description(self) -> str:
        under_way = [m for number, m in self._m.items() if number not in self._ended]
        live = f", m {sum(under_way) / len(under_way):+.2f} over {len(under_way)} alive" if under_way else ""
        return f"{len(self._ended)}/{len(self._starts)} trajectories{live}"

    def _say_ended(self, number: int, end: str) -> None:
        if self._console.is_terminal and end != "failed":
            return
        m = f", m = {self._m[number]:+.2f}" if number in self._m else ""
        left = len(self._starts) - len(self._ended)
        wait = ""
        if left:
            from spinodal.report._words import duration

            wait = f" ({left} to go, {duration(self._seconds_left)} at most)"
        self._say(
            f"  trajectory {number} from m0 = {self._starts[number]:+.2f}: {_ENDS[end]} after "
            f"{self._updates.get(number, 0)} updates{m}{wait}"
        )

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False)
