"""A study: agents, and the parts in which they are measured; each part is a run folder of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from spinodal._recording import Request
from spinodal.agents import AgentSpec
from spinodal.agents.pacing import Limits
from spinodal.assessment import AssessmentRequest
from spinodal.contagion_studies import ContagionRequest
from spinodal.critical_size import CriticalSizeRequest
from spinodal.measure.reading import Prices
from spinodal.societies import SocietyRequest

PartKind = Literal["assess", "society", "tip", "hysteresis", "critical-size", "contagion"]
"""The verb that a part is a run of."""

PartRequest = AssessmentRequest | SocietyRequest | CriticalSizeRequest | ContagionRequest

PARTS: Final = "parts"
"""Folder of the parts within a study's."""


@dataclass(frozen=True)
class Lane:
    """A rate-limit domain: calls that a provider counts together."""

    name: str
    limits: Limits = field(default_factory=Limits)
    workers: int = 1
    """Parts under way at once, each with its share of the limits."""


@dataclass(frozen=True)
class StudyAgent:
    """An agent of a study."""

    spec: AgentSpec
    slug: str
    """Its label, fit for a folder's name and unlike the others'."""
    lane: str
    family: str = ""
    """Sizes of one family are compared; "" where none was named."""
    prices: Prices | None = None
    readout: str = ""
    """Its own choice of readout; "" where it has none."""
    prefill: str = ""

    @property
    def label(self) -> str:
        """What tables and pages call it."""
        return self.spec.label


@dataclass(frozen=True)
class Part:
    """One run folder of a study, and what it is a run of."""

    id: str
    kind: PartKind
    agent: str
    """Label of the agent it is about."""
    condition: str
    """Name of the condition it belongs to; "" where it belongs to none."""
    request: PartRequest
    lanes: tuple[str, ...]
    """Providers that it asks."""
    reads_like: str = ""
    """The part whose readout it takes over, so that one agent's replies are read in one way."""
    measured_in: str = ""
    """The assessment whose response a society is set beside; "" where it has one of its own, or none."""

    @property
    def folder(self) -> str:
        """Its run folder, within the study's."""
        return f"{PARTS}/{self.id}"

    @property
    def after(self) -> tuple[str, ...]:
        """Parts that have to be done before it can begin."""
        return tuple(filter(None, (self.reads_like, self.measured_in)))

    @property
    def curves(self) -> int:
        """Response curves that it measures."""
        request = self.request
        if isinstance(request, AssessmentRequest):
            return len(request.plan.pairs)
        if isinstance(request, CriticalSizeRequest):
            return len(request.sizes)
        if isinstance(request, SocietyRequest) and request.predict and request.response is None:
            return len(request.plan.peers_measured)
        return 0


@dataclass(frozen=True)
class Study(Request):
    """Everything that a study file asks for. Two with the same digest give the same run."""

    name: str
    source: str
    """The file, as it was named."""
    agents: tuple[StudyAgent, ...]
    parts: tuple[Part, ...]
    """In the order in which they are begun: providers in turn."""
    lanes: Mapping[str, Lane]
    template_digest: str
    conditions: tuple[str, ...] = ("main",)

    @property
    def families(self) -> dict[str, str]:
        """The family of each agent that has one, by label."""
        return {agent.label: agent.family for agent in self.agents if agent.family}

    @property
    def spec(self) -> AgentSpec:
        """The first agent's."""
        return self.agents[0].spec

    def part(self, id: str) -> Part:
        """The part of an id."""
        return next(part for part in self.parts if part.id == id)

    def agent(self, label: str) -> StudyAgent:
        """The agent of a label."""
        return next(agent for agent in self.agents if agent.label == label)

    def to_dict(self) -> dict[str, Any]:
        """Everything that decides the result, JSON-ready: the digest of each part's request stands for it."""
        return {
            "name": self.name,
            "conditions": list(self.conditions),
            "template_digest": self.template_digest,
            "digests": {part.id: part.request.digest for part in self.parts},
        }

    @property
    def default_folder(self) -> Path:
        """Where the study goes when no folder is named: the same file's content, the same folder."""
        return Path("runs") / f"{Path(self.source).stem}-{self.digest[:8]}"

    def describe(self) -> dict[str, Any]:
        """What `meta.json` tells of the parts, for whoever gathers them."""
        return {
            "name": self.name,
            "source": self.source,
            "parts": [
                {
                    "id": part.id,
                    "kind": part.kind,
                    "agent": part.agent,
                    "folder": part.folder,
                    "condition": part.condition,
                    "curves": part.curves,
                }
                for part in self.parts
            ],
            "families": self.families,
        }
