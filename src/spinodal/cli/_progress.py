"""A bar with the time left, for whatever lasts longer than a moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

_PATIENCE = 2.0
"""Seconds before the bar appears."""


@contextmanager
def progress_bar(doing: str, *, quiet: bool = False) -> Iterator[Callable[[float], None]]:
    """A function to call with the share done, in [0, 1]. The bar is on standard error, on a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import TimeRemainingColumn as Left

    console = Console(stderr=True)
    left = Left(elapsed_when_finished=True)
    columns = (
        TextColumn(doing),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        left,
    )
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task, began = bar.add_task(doing, total=1.0, visible=False), time.monotonic()

        def done(share: float) -> None:
            bar.update(task, completed=share, visible=time.monotonic() - began >= _PATIENCE)

        yield done


def run_bar(*, quiet: bool) -> tuple[Console, Progress]:
    """Where a run of models says what happens, and its bar with the time left; the bar on a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False, soft_wrap=True, quiet=quiet)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("left, at most"),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )
    return console, bar
