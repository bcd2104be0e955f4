"""The log of a monitor: a folder of Parquet files, and what it says when it is read back.

monitor.json            what was watched: the pair, the basin, the window, the agents
part-000001.parquet     a row an utterance heard, in the order in which they were heard
"""

from __future__ import annotations

import importlib
import json
import threading
import weakref
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spinodal._errors import RequestError
from spinodal._files import read_table, write_table, write_whole
from spinodal._nearest import nearest
from spinodal.monitor._basin import Basin
from spinodal.monitor._events import Heard
from spinodal.monitor._watch import Watch
from spinodal.pairs import OptionPair

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from spinodal.response import FloatArray

META: Final = "monitor.json"
FORMAT: Final = 1
_PART: Final = "part-*.parquet"
_COLUMNS: Final = tuple(field.name for field in fields(Heard))


class ParquetLog:
    """Writes what was heard to part files in a folder, each whole or not at all.

    What is not written yet is in memory, so a process that is killed loses the last few utterances at most;
    they are heard again when the conversation goes on. A folder that holds a log is gone on with, at the
    next number. One process writes to a folder.

    Args:
        folder: made if it is missing.
        every: utterances to a part file; an alarm, `flush`, `close` and the end of the process write what
            there is.

    Raises:
        RequestError: a number of utterances that is none, or pandas or pyarrow missing.
    """

    def __init__(self, folder: str | Path, *, every: int = 50) -> None:
        if every < 1:
            raise RequestError(f"a log that is written every {every} utterances; give 1 or more")
        for needed in (
            "pandas",
            "pyarrow.parquet",
        ):  # now: when the process ends it is too late to import them
            try:
                importlib.import_module(needed)
            except ImportError as error:
                raise RequestError(f"a log needs {needed} ({error}); run `pip install spinodal`") from None
        self.folder = Path(folder).expanduser()
        self._every = every
        self._parts = _Parts(self.folder)
        self._before: list[Heard] | None = None
        self._opened: set[str] = set()
        self._finish = weakref.finalize(self, self._parts.flush)  # at exit, too

    def begin(self, meta: Mapping[str, Any]) -> None:
        """Note what is watched.

        Raises:
            RequestError: the folder holds the log of another option pair.
            RunError: it cannot be written.
        """
        if (self.folder / META).is_file():
            kept = _read_meta(self.folder)
            if kept["pair"] != meta["pair"]:
                raise RequestError(
                    f"{self.folder} holds the log of another pair ({kept['pair']['id']!r}, not "
                    f"{meta['pair']['id']!r}, or with other texts); give another folder"
                )
        told = {"spinodal_monitor": FORMAT, **meta}
        write_whole(self.folder / META, json.dumps(told, indent=2, ensure_ascii=False).encode())

    def write(self, heard: Heard) -> None:
        """Keep an utterance, and write a part file where it is time."""
        if self._parts.add(heard) >= self._every:
            self._parts.flush()

    def flush(self) -> None:
        """Write what is not written yet. `RunError` where the disk does not take it; it is tried again."""
        self._parts.flush()

    def close(self) -> None:
        """Write what is not written yet."""
        self._parts.flush()

    def kept(self, conversation: str) -> list[Heard]:
        """What was heard of a conversation before."""
        if self._before is None or conversation in self._opened:
            self._parts.flush()
            self._before = _heard(_events(self.folder)) if any(self.folder.glob(_PART)) else []
        self._opened.add(conversation)
        return [one for one in self._before if one.conversation == conversation]


class _Parts:
    """What is not written yet, and where the next part goes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._waiting: list[Heard] = []

    def add(self, heard: Heard) -> int:
        with self._lock:
            self._waiting.append(heard)
            return len(self._waiting)

    def flush(self) -> None:
        with self._lock:
            if not self._waiting:
                return
            numbers = (int(part.stem.removeprefix("part-")) for part in self._folder.glob(_PART))
            number = max(numbers, default=0) + 1
            write_table(self._folder / f"part-{number:06d}.parquet", _table(self._waiting))
            self._waiting.clear()


@dataclass(frozen=True)
class MonitorLog:
    """A monitor's log, read."""

    path: Path
    pair: OptionPair
    basin: Basin
    window: int
    """Estimates of m behind the variance and the autocorrelation."""
    agents: int | None
    """How many were announced; None where nobody said."""
    quorum: int
    """Speakers of known stance without whom there is no drift score."""
    events: pd.DataFrame
    """A row an utterance, the fields of `Heard`; not empty."""

    @property
    def conversations(self) -> list[str]:
        """Names of the conversations, in the order in which they began."""
        return list(dict.fromkeys(self.events["conversation"]))

    def one(self, conversation: str) -> MonitorLog:
        """The log of one conversation alone; `RequestError` where there is none of that name."""
        known = self.conversations
        if conversation not in known:
            raise RequestError(
                f"the log in {self.path} has no conversation {conversation!r}; the nearest is "
                f"{nearest(conversation, known)!r}"
            )
        some = self.events[self.events["conversation"] == conversation]
        return replace(self, events=some.reset_index(drop=True))

    def judged_by(self, basin: Basin) -> MonitorLog:
        """The log as it would be with another basin: drift and alarms anew."""
        table = self.events.copy()
        drifts, alarms = [], []
        watches = {name: Watch(basin, self.quorum) for name in self.conversations}
        for name, m, known in zip(*(table[one] for one in ("conversation", "m", "known")), strict=True):
            drifts.append(watches[name].see(float(m), int(known)))
            alarms.append(watches[name].alarm)
        table["drift"], table["alarm"] = drifts, alarms
        return replace(self, basin=basin, events=table)

    def alarms(self) -> list[tuple[str, int, bool]]:
        """Conversation, utterance, and whether the alarm was raised (or else cleared) after it."""
        found = []
        stands: dict[str, bool] = {}
        columns = (self.events[name] for name in ("conversation", "number", "alarm"))
        for name, number, alarm in zip(*columns, strict=True):
            if bool(alarm) != stands.get(name, False):
                found.append((str(name), int(number), bool(alarm)))
            stands[name] = bool(alarm)
        return found

    def column(self, name: str) -> FloatArray:
        """A column of numbers, NaN where it has none."""
        import numpy as np

        return np.asarray(self.events[name], dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: what was watched; of each conversation how it stands, who holds what, the alarms."""
        return {
            "log": str(self.path),
            "pair": self.pair.to_dict(),
            "basin": self.basin.to_dict(),
            "window": self.window,
            "agents": self.agents,
            "conversations": [self._summary(name) for name in self.conversations],
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw m over utterances with the basin shaded, and the alarms."""
        from spinodal.plots import monitor_log

        return monitor_log(self, ax)

    def _summary(self, name: str) -> dict[str, Any]:
        table = self.one(name).events
        last = _heard(table.tail(1))[0].to_dict()
        took = table[table["stance"].notna()]
        return {
            "conversation": name,
            "utterances": len(table),
            "took_a_side": len(took),
            "m": last["m"],
            "known": last["known"],
            "drift": last["drift"],
            "variance": last["variance"],
            "autocorrelation": last["autocorrelation"],
            "alarm": last["alarm"],
            "alarms": [
                {"number": number, "raised": raised} for of, number, raised in self.alarms() if of == name
            ],
            "speakers": [
                {
                    "speaker": str(speaker),
                    "utterances": len(own),
                    "for_a": int((own["stance"] == "A").sum()),
                    "for_b": int((own["stance"] == "B").sum()),
                    "stance": next((str(one) for one in own["stance"][::-1] if one in ("A", "B")), None),
                }
                for speaker, own in table.groupby("speaker", sort=False)
            ],
        }


def read_log(folder: str | Path) -> MonitorLog:
    """Read the log in a folder.

    Raises:
        RequestError: no such folder, no log in it, an empty one, or columns that are not a monitor's.
    """
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise RequestError(f"there is no folder {path}; give the one that a monitor was told as `log`")
    if not (path / META).is_file():
        raise RequestError(f"{path} holds no monitor's log: it has no {META}; give a folder that one wrote")
    meta = _read_meta(path)
    if not any(path.glob(_PART)):
        raise RequestError(f"the log in {path} is empty: nothing was heard, or nothing written yet")
    table = _events(path)
    if table.empty:
        raise RequestError(f"the log in {path} is empty: nothing was heard, or nothing written yet")
    return MonitorLog(
        path=path,
        pair=OptionPair(**meta["pair"]),
        basin=Basin(**meta["basin"]),
        window=int(meta["window"]),
        agents=meta["agents"],
        quorum=int(meta["quorum"]),
        events=table,
    )


def meta_of(pair: OptionPair, basin: Basin, window: int, agents: int | None, quorum: int) -> dict[str, Any]:
    """What a log notes of the monitor that writes it."""
    return {
        "pair": pair.to_dict(),
        "basin": basin.to_dict(),
        "window": window,
        "agents": agents,
        "quorum": quorum,
    }


def _read_meta(folder: Path) -> dict[str, Any]:
    file = folder / META
    try:
        meta = json.loads(file.read_text("utf-8"))
        if meta["spinodal_monitor"] != FORMAT:
            raise ValueError(f"its format is {meta['spinodal_monitor']!r}, and {FORMAT} is read here")
        OptionPair(**meta["pair"])
        Basin(**meta["basin"])
        int(meta["window"]), int(meta["quorum"]), meta["agents"]
    except (OSError, ValueError, KeyError, TypeError, RequestError) as error:
        told = f"no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise RequestError(f"cannot read {file} ({told}); give another folder") from error
    assert isinstance(meta, dict)
    return meta


def _events(folder: Path) -> pd.DataFrame:
    """All parts of a log, in order."""
    import pandas as pd

    parts = []
    for part in sorted(folder.glob(_PART)):
        table = read_table(part)
        missing = [name for name in _COLUMNS if name not in table.columns]
        unknown = [name for name in table.columns if name not in _COLUMNS]
        if missing or unknown:
            what = f"no column {missing[0]}" if missing else f"an unknown column {unknown[0]}"
            raise RequestError(f"{part} has {what}; a monitor writes {', '.join(_COLUMNS)}")
        parts.append(table[list(_COLUMNS)])
    table = pd.concat(parts, ignore_index=True)
    for name in ("stance", "text"):  # None where there is none, whatever the file's kind of missing is
        table[name] = pd.Series([one if isinstance(one, str) else None for one in table[name]], dtype=object)
    return table


def _heard(table: pd.DataFrame) -> list[Heard]:
    """Rows of a log as what they were written from."""
    found = []
    for row in table.to_dict("records"):
        values = {str(name): value for name, value in row.items()}
        values["number"], values["known"] = int(values["number"]), int(values["known"])
        values["length"], values["alarm"] = int(values["length"]), bool(values["alarm"])
        found.append(Heard(**values))
    return found


def _table(rows: list[Heard]) -> pd.DataFrame:
    """The rows as a table: texts are texts even where all of them are missing."""
    import pandas as pd

    table = pd.DataFrame([asdict(row) for row in rows], columns=list(_COLUMNS))
    return table.astype(dict.fromkeys(("conversation", "speaker", "stance", "digest", "text"), "string"))
