"""How a measurement under way looks: a bar with the time left, and a line a finished pair."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spinodal.measure.task import Event, MeasurementPlan


class MeasuringProgress:
    """A bar with the time left on a terminal, and a line a finished pair. Call it with what happens."""

    def __init__(self, plan: MeasurementPlan, *, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(stderr=True, highlight=False, soft_wrap=True, quiet=quiet)
        self._plan = plan
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("prompts, at most"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=self._console,
            transient=True,
            disable=quiet or not self._console.is_terminal,
        )
        self._task = self._bar.add_task("starting", total=None)
        self._asked = dict.fromkeys((pair.id for pair in plan.pairs), 0)
        self._ended: set[str] = set()
        self._most = 0
        self._started = time.monotonic()

    def __enter__(self) -> MeasuringProgress:
        plan = self._plan
        pairs = f"{len(plan.pairs)} option pair{'s' * (len(plan.pairs) > 1)}"
        self._say(f"Measuring {plan.agent.label} on {pairs}, {plan.n_peers} peers shown")
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def __call__(self, event: Event) -> None:
        from spinodal.measure.reading import ReadoutChoice
        from spinodal.measure.task import Asked, Failed

        if isinstance(event, ReadoutChoice):
            self._most = self._plan.make_design().max_calls(event.readout)
            self._say(f"Readout: {event.readout}; {event.why}")
        elif isinstance(event, Asked):
            self._asked[event.pair.id] += len(event.rows)
        else:
            self._ended.add(event.pair.id)
            what = f"failed: {event.message}" if isinstance(event, Failed) else event.stop_reason
            self._say(f"  {event.pair.id}: {self._asked[event.pair.id]} prompts, {what}{self._left()}")
        self._bar.update(
            self._task,
            total=sum(self._asked.values()) + self._prompts_left() or None,
            completed=sum(self._asked.values()),
            description=f"{len(self._ended)}/{len(self._asked)} pairs",
        )

    @property
    def over(self) -> bool:
        """Whether every pair came to its end."""
        return len(self._ended) == len(self._asked)

    def _prompts_left(self) -> int:
        return sum(self._most - asked for pair, asked in self._asked.items() if pair not in self._ended)

    def _left(self) -> str:
        """Time left, for where no bar shows it."""
        if self._console.is_terminal or not self._prompts_left():
            return ""
        pace = (time.monotonic() - self._started) / max(sum(self._asked.values()), 1)
        return f" (at most {pace * self._prompts_left():.0f} s left)"

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False)
