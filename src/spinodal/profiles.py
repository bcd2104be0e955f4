"""An agent's profile, from a request to a file that guards are built from.

plan_profile(request)          what it would take, before a call is made
make_profile(request, folder)  ask; goes on where an earlier attempt stopped
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from spinodal._errors import RunError
from spinodal._files import write_whole
from spinodal._recording import (
    Clock,
    Request,
    evaluate,
    folder_name,
    now,
    open_folder,
    require_effort,
    totals_of,
)
from spinodal.agents.context import CHARACTERS_A_TOKEN
from spinodal.agents.models import DEFAULT_RETRIES, open_model
from spinodal.guards import AgentProfile
from spinodal.measure.profiling import ProfilePlan, build_profiling, profile_from
from spinodal.runs import CACHE, write_meta

PROFILE: Final = "profile.json"
"""The profile's file in its run folder."""

_QUESTIONS_AT_ONCE: Final = 8


@dataclass(frozen=True)
class ProfileRequest(Request):
    """A profile asked for. Two requests with the same digest give the same profile."""

    plan: ProfilePlan
    inventory: str
    """What the statements were taken from, as it was named."""
    retries: int = DEFAULT_RETRIES
    max_connections: int | None = None
    """Calls under way at once; None leaves it to the provider."""

    def __post_init__(self) -> None:
        require_effort(self.retries, connections=self.max_connections)

    def to_dict(self) -> dict[str, Any]:
        """Everything that decides the result, JSON-ready."""
        plan = self.plan
        return {
            "profile": True,
            "agent": plan.agent.to_dict(),
            "inventory": self.inventory,
            "inventory_digest": plan.questions.inventory.digest,
            "asked": [statement.to_dict() for statement in plan.questions.asked],
            "held_out": [statement.to_dict() for statement in plan.questions.held_out],
            "pairs": [pair.to_dict() for pair in plan.pairs],
            "placement": plan.placement,
            "orders": plan.orders,
            "template_digest": hashlib.sha256(plan.question.encode()).hexdigest(),
            "readout": plan.readout,
            "prefill": plan.prefill,
            "seed": plan.seed,
        }

    @property
    def default_folder(self) -> Path:
        """Where the run goes when no folder is named: the same request, the same folder."""
        return Path("runs") / f"profile-{folder_name(self.plan.agent)}-{self.digest[:8]}"


@dataclass(frozen=True)
class ProfileCosts:
    """What a profile takes at most."""

    calls: int
    input_tokens: int
    output_tokens: int
    cost: float
    """US dollars; NaN where no price is known."""


def plan_profile(request: ProfileRequest) -> ProfileCosts:
    """The most a profile can take; the readout and the placement are settled by a few calls more."""
    plan = request.plan
    persona = len(plan.agent.system_prompt or "")
    texts = plan.texts()
    a_call = sum(len(text) + persona for text in texts) / len(texts) / CHARACTERS_A_TOKEN
    tokens_in = math.ceil(plan.most_calls * a_call)
    tokens_out = 8 * plan.most_calls
    cost = plan.prices.cost(tokens_in, tokens_out) if plan.prices else math.nan
    return ProfileCosts(plan.most_calls, tokens_in, tokens_out, cost)


def make_profile(
    request: ProfileRequest, folder: Path, observer: Callable[[int], None] = lambda asked: None
) -> AgentProfile:
    """Ask the agent. Finished model calls of an earlier attempt are not repeated.

    Raises:
        RequestError: the folder holds another request; an unknown model; a missing key; no placement reaches
            the model, or not the one asked for.
        RunError: the agent could not be asked to the end.
    """
    plan = request.plan
    meta = open_folder(folder, request.to_dict(), request.digest, plan.agent, plan.prices)
    if meta.get("finished"):
        return AgentProfile.read(folder / PROFILE)
    model = open_model(plan.agent, (), retries=request.retries, max_connections=request.max_connections)
    clock = Clock(folder, meta)
    write_meta(folder, meta)

    def observe(asked: int) -> None:
        clock.tick()
        observer(asked)

    # A model that is read on in place has one place for a conversation: questions wait for one another.
    at_once = 1 if plan.agent.model.startswith("embedded/") else _QUESTIONS_AT_ONCE
    samples = evaluate(build_profiling(plan, at_once, observe), model, plan.agent, folder, max_samples=1)
    clock.stop()
    kept = samples[0].metadata.get("profile")
    if kept is None:
        message = samples[0].metadata.get("fault") or samples[0].error or "was not asked"
        meta["failures"] = [{"pair": "profile", "message": message}]
        write_meta(folder, meta)
        raise RunError(f"{message}; the same command goes on from there")
    rows = [*kept["answers"], *kept["spent"], kept["readout"]]
    if plan.pairs:
        rows.append(kept["readout_alone"])
    measured = {
        "at": now(),
        "spinodal_version": meta["spinodal_version"],
        "model": meta["model"],
        "readout": kept["readout"]["readout"],
        "statements_asked": len(plan.questions.asked),
        "inventory": request.inventory,
        "inventory_digest": plan.questions.inventory.digest,
        "request_digest": request.digest,
        "temperature": plan.agent.temperature,
        **totals_of(rows, plan.prices),
    }
    profile = profile_from(plan, kept, measured)
    text = json.dumps(profile.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(folder / PROFILE, f"{text}\n".encode())
    meta |= {"failures": [], "totals": totals_of(rows, plan.prices), "finished": now()}
    meta["readout_choice"] = kept["readout"]
    meta["placement"] = kept["placement"]
    write_meta(folder, meta)
    shutil.rmtree(folder / CACHE, ignore_errors=True)
    return profile
