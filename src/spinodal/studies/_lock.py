"""One command at a time on a study, and one worker at a time on a part."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from spinodal._errors import RequestError, RunError, SpinodalError
from spinodal.studies._storage import Storage, as_json

_LEASE: Final = "lock.json"
_FRESH: Final = 30.0
"""Seconds after which a lease that nobody renewed is nobody's."""
_RENEWED: Final = 5.0
BREATH: Final = 15.0
"""Seconds after which a worker that has not renewed its part's state is taken to be gone."""
_PATIENCE: Final = 90.0
"""Seconds that a worker waits for one which had the part before it to be gone."""


@contextmanager
def study_lock(storage: Storage) -> Iterator[None]:
    """Keep other commands away from a study.

    On a folder the system itself frees the lock of a process that died; at an address a lease is renewed
    every few seconds, and a lease that is not is stale.

    Raises:
        RequestError: another command is at work on it.
    """
    if storage.local is None:
        with _lease(storage):
            yield
        return
    path = storage.local.absolute()
    file = path.with_name(f".{path.name}.lock")
    file.parent.mkdir(parents=True, exist_ok=True)
    held = _take(file)
    if held is None:
        who = as_json(file.read_bytes()) or {}
        raise RequestError(
            f"another command is at work on the study in {storage.address} (process {who.get('pid', '?')} on "
            f"{who.get('host', '?')}); wait for it or stop it, or name another --run"
        )
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        held.close()


@contextmanager
def part_lock(storage: Storage, state: str) -> Iterator[None]:
    """Wait until nobody else works on a part: a worker that was taken for lost may still breathe.

    On a folder by a lock that the system frees; at an address by the state that a worker renews.

    Raises:
        RunError: somebody does all the same.
    """
    until = time.monotonic() + _PATIENCE
    if storage.local is None:
        while (wait := _still_told(as_json(storage.read(state)))) > 0.0 and time.monotonic() < until:
            time.sleep(min(wait, 1.0))
        yield
        return
    file = storage.local / f"{state}.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    while (held := _take(file)) is None:
        if time.monotonic() > until:
            raise RunError("another worker has not let go of this part; run the command again later")
        time.sleep(0.2)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        held.close()


def _take(file: Path) -> IO[str] | None:
    """The file locked for this process, open; None where another has it. It is let go when closed."""
    try:
        import fcntl
    except ModuleNotFoundError:  # no such locks on this system
        return file.open("a+", encoding="utf-8")
    while True:
        opened = file.open("a+", encoding="utf-8")
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            opened.close()
            return None
        try:
            if os.path.samestat(os.fstat(opened.fileno()), file.stat()):
                break
        except FileNotFoundError:
            pass
        opened.close()  # its last owner removed it meanwhile
    opened.seek(0)
    opened.truncate()
    opened.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
    opened.flush()
    return opened


def _still_told(state: object) -> float:
    """Seconds until a part's state is too old to come from a worker that breathes."""
    if not isinstance(state, dict) or state.get("state") != "running":
        return 0.0
    return BREATH - (time.time() - float(state.get("updated", 0.0)))


@contextmanager
def _lease(storage: Storage) -> Iterator[None]:
    token = uuid.uuid4().hex
    told = as_json(storage.read(_LEASE))
    if isinstance(told, dict) and _alive(told):
        raise RequestError(
            f"another command is at work on the study at {storage.address} (process {told.get('pid')} on "
            f"{told.get('host')}); wait for it or stop it, or name another --run"
        )
    stop = threading.Event()

    def renew() -> None:
        content = {"pid": os.getpid(), "host": socket.gethostname(), "token": token, "at": time.time()}
        storage.write({_LEASE: json.dumps(content).encode()})

    def keep() -> None:
        while not stop.wait(_RENEWED):
            try:
                renew()
            except SpinodalError:
                continue

    renew()
    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        storage.remove([_LEASE])


def _alive(lease: dict[str, object]) -> bool:
    if lease.get("host") == socket.gethostname():
        try:
            os.kill(int(str(lease.get("pid"))), 0)
        except (ProcessLookupError, ValueError):
            return False
        except PermissionError:
            pass
    at = lease.get("at")
    return isinstance(at, int | float) and time.time() - at < _FRESH
