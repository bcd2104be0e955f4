"""What every run of models does: a folder that holds one request, the time spent, an evaluation on record."""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinodal._errors import RequestError, RunError
from spinodal._files import write_whole
from spinodal.agents import AgentSpec
from spinodal.agents.faults import explain, secret_values
from spinodal.measure.reading import Prices
from spinodal.runs import CACHE, LOGS, META, clear_unfinished, read_meta, write_meta

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.model import Model

_PACKAGES = ("inspect_ai", "numpy", "openai", "pandas", "scipy", "xllamacpp")


class Request(ABC):
    """What a run of models is asked for. Two with the same digest give the same run."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Everything that decides the result, JSON-ready."""

    @property
    def digest(self) -> str:
        """SHA-256 over `to_dict`, in hexadecimal."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()


def open_folder(
    folder: Path, wanted: Mapping[str, Any], digest: str, agent: AgentSpec, prices: Prices | None
) -> dict[str, Any]:
    """The folder's meta, begun if it is new.

    Raises:
        RequestError: the folder holds another request, or something else.
    """
    clear_unfinished(folder)
    if (folder / META).is_file():
        meta = read_meta(folder)
        if meta.get("request_digest") != digest:
            raise RequestError(
                f"{folder} holds another request ({_difference(meta['request'], wanted)}); "
                "name another folder with --run"
            )
        return meta
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RequestError(f"{folder} exists and is no run folder; name another with --run")
    return {
        "spinodal_version": metadata.version("spinodal"),
        "created": now(),
        "request": dict(wanted),
        "request_digest": digest,
        "template_digest": wanted["template_digest"],
        "model": {"name": agent.model, **_model_file(agent)},
        "versions": {package: metadata.version(package) for package in _PACKAGES},
        "prices": asdict(prices) if prices else None,
        "failures": [],
        "sessions": [],
    }


class Clock:
    """Keeps the time spent in meta.json, so that a killed session's time is not lost with it."""

    _EVERY = 5.0

    def __init__(self, folder: Path, meta: dict[str, Any]) -> None:
        self._folder, self._meta = folder, meta
        self._started = self._written = time.monotonic()
        self._session = {"at": now(), "seconds": 0.0}
        meta["sessions"].append(self._session)

    def stop(self) -> None:
        """Take the time into meta."""
        self._session["seconds"] = round(time.monotonic() - self._started, 3)
        self._meta["seconds"] = round(sum(session["seconds"] for session in self._meta["sessions"]), 3)

    def tick(self) -> None:
        """Write the time down, if that was not done just before."""
        if time.monotonic() - self._written > self._EVERY:
            self.stop()
            write_meta(self._folder, self._meta)
            self._written = time.monotonic()


@dataclass(frozen=True)
class Recorded:
    """What an evaluation keeps of one sample."""

    id: str
    metadata: Mapping[str, Any]
    error: str | None
    """What it failed of; None where it did not."""


def evaluate(task: Task, model: Model, agent: AgentSpec, folder: Path, max_samples: int) -> list[Recorded]:
    """Run an Inspect task with its logs and its cache of finished calls in the run folder; its samples.

    Samples are read back from the log one by one, without their events: a long run's calls would not
    fit in memory together.

    Raises:
        KeyboardInterrupt: it was cancelled.
        RunError, RequestError: it could not be run at all; the samples' own failures are in them.
    """
    from inspect_ai import eval as inspect_eval

    logs = folder / LOGS
    earlier = set(logs.glob("*.eval")) if logs.is_dir() else set()
    try:
        with _call_cache(folder / CACHE):
            ran = inspect_eval(
                task,
                model=model,
                log_dir=str(logs.absolute()),
                log_realtime=False,
                log_header_only=True,
                display="none",
                log_level="error",
                max_samples=max_samples,
                fail_on_error=False,
            )
    except Exception as error:
        raise explain(error, agent.model, agent.base_url) from error
    finally:
        for written in logs.glob("*.eval"):
            _blank_keys(written)
    if not ran or ran[0].status == "cancelled":
        raise KeyboardInterrupt
    recorded = _read_samples(ran[0].location)
    if not recorded:
        message = ran[0].error.message if ran[0].error else "Inspect kept no samples"
        raise RunError(f"{agent.model}: {message}")
    for stale in earlier:  # replayed whole by this one
        stale.unlink(missing_ok=True)
    return recorded


def _read_samples(log: str) -> list[Recorded]:
    from inspect_ai.log import read_eval_log_sample, read_eval_log_sample_summaries

    recorded = []
    for summary in read_eval_log_sample_summaries(log):
        sample = read_eval_log_sample(log, summary.id, exclude_fields={"events", "messages", "attachments"})
        error = sample.error.message if sample.error else None
        recorded.append(Recorded(str(sample.id), sample.metadata, error))
    return recorded


def require_effort(retries: int, **at_once: int | None) -> None:
    """`RequestError` for tries below 0, or for a number of things at once below 1 (named by its keyword)."""
    if retries < 0:
        raise RequestError(f"retries are {retries}; give 0 or more")
    for name, number in at_once.items():
        if number is not None and number < 1:
            raise RequestError(f"{name.replace('_', ' ')} are {number}; give 1 or more")


SPENT = ("calls", "input_tokens", "output_tokens")
"""What a call costs, as columns of tables."""


def totals_of(spent: Iterable[Mapping[Any, Any]], prices: Prices | None) -> dict[str, Any]:
    """`SPENT` summed over rows that have it, and the money it comes to; None where no price is known."""
    rows = list(spent)
    total = {name: int(sum(row[name] for row in rows)) for name in SPENT}
    cost = prices.cost(total["input_tokens"], total["output_tokens"]) if prices else None
    return {**total, "cost": None if cost is None else round(cost, 6)}


def now() -> str:
    """The time, as runs write it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def folder_name(agent: AgentSpec) -> str:
    """The agent's label, fit for a folder's name."""
    name = "".join(c if c.isalnum() or c in "-." else "-" for c in Path(agent.label).name)
    return name[:60].strip("-") or "agent"


def _difference(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    for name, value in wanted.items():
        if there.get(name) != value and isinstance(value, (str, int, float, bool, type(None))):
            return f"{name} is {there.get(name)!r} there and {value!r} here"
    differ = [name for name, value in wanted.items() if there.get(name) != value]
    return f"its {' and '.join(differ[:2])} differ"


def _blank_keys(log: Path) -> None:
    """Take keys out of a log: a server may quote one in an error, which Inspect records word for word."""
    keys = [key.encode() for key in secret_values()]
    with zipfile.ZipFile(log) as archive:
        if not any(key in archive.read(entry) for entry in archive.infolist() for key in keys):
            return
        blanked = io.BytesIO()
        with zipfile.ZipFile(blanked, "w") as rewritten:
            for entry in archive.infolist():
                content = archive.read(entry)
                for key in keys:
                    content = content.replace(key, b"***")
                rewritten.writestr(entry, content)
    write_whole(log, blanked.getvalue())


@contextmanager
def _call_cache(folder: Path) -> Iterator[None]:
    """Keep finished model calls in the run folder: Inspect's cache, for as long as this lasts."""
    name = "INSPECT_CACHE_DIR"
    before = os.environ.get(name)
    os.environ[name] = str(folder.absolute())
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _model_file(agent: AgentSpec) -> dict[str, str]:
    """File name and digest of a model whose weights are on this machine."""
    if not agent.model.startswith("embedded/"):
        return {}
    from spinodal.agents._engine import file_digest, model_file

    path = model_file(agent.model.removeprefix("embedded/"))
    return {"file": path.name, "digest": f"sha256:{file_digest(path)}"}
