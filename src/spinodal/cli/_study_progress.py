"""How a study under way looks: a bar a provider with the time left, and a line a finished part."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import TaskID

    from spinodal.studies import Part, Study
    from spinodal.studies._run import Planned, StudyEvent
    from spinodal.studies._storage import Storage

_EVERY = 1.0
"""Seconds between two looks at what workers tell."""


class StudyProgress:
    """A bar for each provider on a terminal, and a line a part that ends. Call it with what happens."""

    def __init__(self, study: Study, *, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(stderr=True, highlight=False, soft_wrap=True, quiet=quiet)
        self._study = study
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[calls]:,} calls"),
            TimeRemainingColumn(),
            TextColumn("left, at most"),
            console=self._console,
            transient=True,
            disable=quiet or not self._console.is_terminal,
        )
        self._lanes: dict[str, TaskID] = {}
        self._planned: dict[str, int] = {}
        self._calls: dict[str, int] = {}
        self._before: dict[str, int] = {}
        self._ended: set[str] = set()
        self._running: dict[str, Part] = {}
        self._storage: Storage | None = None
        self._began = time.monotonic()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> StudyProgress:
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        self._bar.stop()

    def __call__(self, event: StudyEvent) -> None:
        from spinodal.studies._run import Begun, Planned

        with self._lock:
            if isinstance(event, Planned):
                self._begin(event)
            elif isinstance(event, Begun):
                self._running[event.part.id] = event.part
            else:
                self._running.pop(event.part.id, None)
                message = event.outcome.message
                if event.outcome.lost:
                    self._say(f"  {event.part.id}: {message}; it is handed out again")
                else:
                    self._look(event.part)
                    self._ended.add(event.part.id)
                    calls = self._calls.get(event.part.id, 0)
                    what = f"failed: {message}" if message else f"done, {calls:,} calls"
                    number = f"[{len(self._ended)}/{len(self._planned)}]"
                    self._say(f"{number} {event.part.id}: {what}{self._left()}")
            self._draw()

    def _begin(self, event: Planned) -> None:
        from spinodal.report._words import plural
        from spinodal.studies._plan import calls_at_most
        from spinodal.studies._state import read_state

        self._storage = event.storage
        for part in event.parts:
            self._planned[part.id] = max(calls_at_most(part), 1)
            self._before[part.id] = self._calls[part.id] = read_state(event.storage, part.id).calls
        lanes = dict.fromkeys(part.lanes[0] for part in event.parts)
        for lane in lanes:
            self._lanes[lane] = self._bar.add_task(lane, total=None, calls=0)
        before = f", {len(event.done)} done before" if event.done else ""
        more = (
            f"; {len(lanes)} providers, --workers {len(lanes)} asks them side by side"
            if event.workers < len(lanes)
            else ""
        )
        workers = plural(event.workers, "worker")
        self._say(f"{self._study.name}: {plural(len(event.parts), 'part')}{before}, {workers}{more}")
        self._began = time.monotonic()
        self._bar.start()
        self._thread.start()

    def _follow(self) -> None:
        while not self._over.wait(_EVERY):
            with self._lock:
                for part in list(self._running.values()):
                    self._look(part)
                self._draw()

    def _look(self, part: Part) -> None:
        from spinodal._errors import SpinodalError
        from spinodal.studies._state import read_state

        assert self._storage is not None
        try:
            self._calls[part.id] = read_state(self._storage, part.id).calls
        except SpinodalError:
            return

    def _done(self, id: str) -> int:
        """Of a part's planned calls, those that are behind it; a part at its end took what it took."""
        planned = self._planned[id]
        return planned if id in self._ended else min(self._calls[id], planned)

    def _draw(self) -> None:
        for lane, task in self._lanes.items():
            parts = [part for part in self._study.parts if part.id in self._planned and part.lanes[0] == lane]
            ended = sum(part.id in self._ended for part in parts)
            self._bar.update(
                task,
                description=f"{lane}: {ended}/{len(parts)} parts",
                total=sum(self._planned[part.id] for part in parts),
                completed=sum(self._done(part.id) for part in parts),
                calls=sum(self._calls[part.id] for part in parts),
            )

    def _left(self) -> str:
        """Time left, for where no bar shows it."""
        total = sum(self._planned.values())
        done = sum(map(self._done, self._planned))
        here = done - sum(min(self._before[id], self._planned[id]) for id in self._planned)
        if self._console.is_terminal or here <= 0 or done >= total:
            return ""
        left = (time.monotonic() - self._began) * (total - done) / here
        return f" (at most {left:.0f} s left)"

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False)
