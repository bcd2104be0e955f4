"""What is known of each part while a study runs: a small file that its worker renews."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from spinodal._errors import SpinodalError
from spinodal.agents.pacing import Spent
from spinodal.studies._storage import Storage, as_json

STATES: Final = "state"
_EVERY: Final = 2.0

StateName = Literal["waiting", "running", "done", "failed"]


@dataclass(frozen=True)
class PartState:
    """A part as its worker last told of it."""

    state: StateName = "waiting"
    calls: int = 0
    """Calls that were answered, over all attempts."""
    failed_calls: int = 0
    """Tries that were not."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    """US dollars, of the calls whose price is known."""
    seconds: float = 0.0
    """Time that workers spent on it."""
    updated: float = 0.0
    """When this was told, in seconds since 1970; 0 where it never was."""
    worker: str = ""
    message: str = ""
    """Why it failed, or what of it could not be measured."""

    @property
    def age(self) -> float:
        """Seconds since this was told."""
        return time.time() - self.updated


def state_file(id: str) -> str:
    """Name of a part's state within the study."""
    return f"{STATES}/{id}.json"


def read_state(storage: Storage, id: str) -> PartState:
    """The state of a part; waiting where nothing is known."""
    told: Any = as_json(storage.read(state_file(id)))
    if not isinstance(told, dict):
        return PartState()
    try:
        return PartState(**told)
    except TypeError:
        return PartState()


class Telling:
    """Keeps a part's state up to date from a thread, while the work goes on."""

    def __init__(self, storage: Storage, id: str, spent: Spent) -> None:
        self._storage, self._id, self._spent = storage, id, spent
        self._before = read_state(storage, id)
        self._began = time.monotonic()

    def now(self, state: StateName, message: str = "") -> PartState:
        """What is to be told."""
        before, spent = self._before, self._spent
        return replace(
            before,
            state=state,
            calls=before.calls + spent.calls,
            failed_calls=before.failed_calls + spent.failed,
            input_tokens=before.input_tokens + spent.input_tokens,
            output_tokens=before.output_tokens + spent.output_tokens,
            cost=round(before.cost + spent.cost, 6),
            seconds=round(before.seconds + time.monotonic() - self._began, 3),
            updated=round(time.time(), 3),
            worker=f"{socket.gethostname()}:{os.getpid()}",
            message=message,
        )

    def tell(self, state: StateName, message: str = "") -> None:
        """Write the state down."""
        content = json.dumps(asdict(self.now(state, message))).encode()
        self._storage.write({state_file(self._id): content})

    @contextmanager
    def while_running(self) -> Iterator[None]:
        """Tell that it runs, again and again until the end of the context."""
        stop = threading.Event()

        def follow() -> None:
            while not stop.wait(_EVERY):
                try:
                    self.tell("running")
                except SpinodalError:
                    continue

        self.tell("running")
        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
