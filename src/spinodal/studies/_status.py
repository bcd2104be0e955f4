"""How far a study is, read from its folder: what is done, under way, failed and left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from spinodal.studies._folder import is_done, open_study, part_meta
from spinodal.studies._lock import BREATH
from spinodal.studies._state import PartState, read_state
from spinodal.studies._storage import open_storage
from spinodal.studies._study import Part, Study

Stand = Literal["done", "running", "stopped", "failed", "waiting"]


@dataclass(frozen=True)
class PartStatus:
    """One part."""

    part: Part
    stand: Stand
    """Stopped is begun, with no worker at it; the next command goes on with it."""
    told: PartState

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        told = asdict(self.told)
        return {
            "id": self.part.id,
            "kind": self.part.kind,
            "agent": self.part.agent,
            "state": self.stand,
            **{name: told[name] for name in ("calls", "failed_calls", "input_tokens", "output_tokens")},
            "cost": self.told.cost,
            "seconds": self.told.seconds,
            "message": self.told.message,
        }


@dataclass(frozen=True)
class StudyStatus:
    """All of them."""

    name: str
    parts: tuple[PartStatus, ...]
    cost_known: bool
    """Whether the price of every agent's calls is."""

    @property
    def counts(self) -> Mapping[Stand, int]:
        """How many parts stand where."""
        return Counter(part.stand for part in self.parts)

    @property
    def calls(self) -> int:
        """Answered calls so far."""
        return sum(part.told.calls for part in self.parts)

    @property
    def cost(self) -> float | None:
        """US dollars so far; None where a price is not known."""
        return round(sum(part.told.cost for part in self.parts), 6) if self.cost_known else None

    @property
    def age(self) -> float | None:
        """Seconds since a worker last told anything; None where none ever did."""
        last = max((part.told.updated for part in self.parts), default=0.0)
        return None if last == 0.0 else min(p.told.age for p in self.parts if p.told.updated == last)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        stands: tuple[Stand, ...] = ("done", "running", "stopped", "failed", "waiting")
        return {
            "name": self.name,
            **{stand: self.counts.get(stand, 0) for stand in stands},
            "calls": self.calls,
            "failed_calls": sum(part.told.failed_calls for part in self.parts),
            "cost": self.cost,
            "last_activity_seconds": None if self.age is None else round(self.age, 1),
            "parts": [part.to_dict() for part in self.parts],
        }


def study_status(study: Study, where: str | Path) -> StudyStatus:
    """How far a study is in its folder. Nothing is written.

    Raises:
        RequestError: the folder holds another study, or something else.
    """
    storage = open_storage(where)
    open_study(storage, study)
    parts = []
    for part in study.parts:
        told, meta = read_state(storage, part.id), part_meta(storage, part)
        stand: Stand = "waiting"
        if is_done(meta):
            stand = "done"
        elif told.state == "running":
            stand = "running" if told.age < BREATH else "stopped"
        elif told.state == "failed":
            stand = "failed"
        elif meta:
            stand = "stopped"
        parts.append(PartStatus(part, stand, told))
    return StudyStatus(study.name, tuple(parts), all(agent.prices is not None for agent in study.agents))
