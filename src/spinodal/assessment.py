"""The assessment, from a request to a run folder with its report.

plan_costs(request)        what it would take, before a call is made
assess(request, folder)    measure, fit, judge, report; goes on where an earlier attempt stopped
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinodal._errors import RequestError, RunError
from spinodal._files import write_table
from spinodal._recording import (
    SPENT,
    Clock,
    Request,
    evaluate,
    folder_name,
    now,
    open_folder,
    require_effort,
    totals_of,
)
from spinodal.agents import AgentSpec
from spinodal.agents.context import CHARACTERS_A_TOKEN
from spinodal.agents.models import DEFAULT_RETRIES, open_model
from spinodal.measure.asking import guard_characters
from spinodal.measure.prompts import DEFAULT_TEMPLATE, Listed
from spinodal.measure.reading import ReadoutName
from spinodal.measure.task import Event, MeasurementPlan, Observer, build_task, observations
from spinodal.runs import (
    CACHE,
    FITS,
    OBSERVATIONS,
    Run,
    fits_table,
    read_run,
    write_meta,
)

if TYPE_CHECKING:
    import pandas as pd
    from inspect_ai.model import Model


@dataclass(frozen=True)
class AssessmentRequest(Request):
    """What is to be assessed. Two requests with the same digest give the same run."""

    plan: MeasurementPlan
    agents: int
    """Regular agents in the population the verdict speaks of."""
    pairs_source: str
    """What the user named as pairs."""
    template_source: str = ""
    """What the user named as template, where that is not the template's name."""
    retries: int = DEFAULT_RETRIES
    max_connections: int | None = None
    """Calls under way at once; None leaves it to the provider."""

    def __post_init__(self) -> None:
        if self.agents < 2:
            raise RequestError(f"a population of {self.agents} is none; give 2 agents or more")
        require_effort(self.retries, connections=self.max_connections)

    def to_dict(self) -> dict[str, Any]:
        """Everything that decides the result, JSON-ready."""
        plan = self.plan
        return {
            "model": plan.agent.model,
            "agent": plan.agent.to_dict(),
            "pairs": [pair.to_dict() for pair in plan.pairs],
            "pairs_source": self.pairs_source,
            "template": plan.template.name,
            "template_digest": plan.template.digest,
            "template_text": asdict(plan.template),
            "listed": plan.listed,
            "n_peers": plan.n_peers,
            "agents": self.agents,
            "design": plan.design,
            "budget": plan.budget,
            "width": plan.width,
            "seed": plan.seed,
            "readout": plan.readout,
            "prefill": plan.prefill,
            "temperature": plan.agent.temperature,
            "system_prompt": plan.agent.system_prompt,
        }

    def command(self, folder: Path) -> list[str]:
        """The command that makes this run again: every option that is not at its default."""
        plan, usual, agent = self.plan, MeasurementPlan, AgentSpec
        options: list[tuple[str, Any, Any]] = [
            ("--model", plan.agent.model, None),
            ("--base-url", plan.agent.base_url, None),
            ("--system-prompt", plan.agent.system_prompt, None),
            ("--temperature", plan.agent.temperature, agent.temperature),
            ("--max-tokens", plan.agent.max_tokens, None),
            ("--label", plan.agent.label, plan.agent.usual_label),
            ("--pairs", self.pairs_source, None),
            ("--template", self.template_source or plan.template.name, DEFAULT_TEMPLATE),
            ("--peers", plan.n_peers, usual.n_peers),
            ("--readout", plan.readout, usual.readout),
            ("--prefill", plan.prefill, usual.prefill),
            ("--agents", self.agents, plan.n_peers + 1),
            ("--design", plan.design, usual.design),
            ("--budget", plan.budget, None),
            ("--width", plan.width, None),
            ("--seed", plan.seed, usual.seed),
            *self._guard_options(),
            ("--run", folder, None),
        ]
        words = ["spinodal", "assess"]
        for name, value in plan.agent.model_args.items():
            words += ["-M", f"{name}={value}"]
        for option, value, default in options:
            if value is not None and value != default:
                words += [option, str(value)]
        return words if plan.listed else [*words, "--no-listed"]

    def _guard_options(self) -> list[tuple[str, Any, Any]]:
        guard = self.plan.agent.guard
        return [("--guard", guard.name, None), ("--profile", guard.source or None, None)] if guard else []

    @property
    def default_folder(self) -> Path:
        """Where the run goes when no folder is named: the same request, the same folder."""
        return Path("runs") / f"{folder_name(self.plan.agent)}-{self.digest[:8]}"


@dataclass(frozen=True)
class PlannedCosts:
    """What an assessment takes at most; an adaptive design mostly takes less."""

    readout: str
    pairs: int
    prompts: int
    input_tokens: int
    output_tokens: int
    cost: float
    """US dollars; NaN where no price is known."""


def plan_costs(request: AssessmentRequest) -> list[PlannedCosts]:
    """The most an assessment can take, for each readout that it may turn out to use."""
    plan = request.plan
    readouts: tuple[ReadoutName, ...] = ("logprob", "sample") if plan.readout == "auto" else (plan.readout,)
    half = plan.n_peers // 2
    characters = []
    for pair in plan.pairs:
        prompt = plan.prompt(pair, 0, half, "ab" if plan.listed else "")
        guard = guard_characters(plan.agent, pair, prompt)
        characters.append(len(prompt.text) + len(plan.agent.system_prompt or "") + guard)
    costs = []
    for readout in readouts:
        prompts = plan.make_design().max_calls(readout)
        tokens_in = math.ceil(sum(characters) / CHARACTERS_A_TOKEN) * prompts
        tokens_out = prompts * sum(
            math.ceil(max(map(len, pair.options)) / CHARACTERS_A_TOKEN) + 4 for pair in plan.pairs
        )
        cost = plan.prices.cost(tokens_in, tokens_out) if plan.prices else math.nan
        costs.append(
            PlannedCosts(readout, len(plan.pairs), prompts * len(plan.pairs), tokens_in, tokens_out, cost)
        )
    return costs


def assess(
    request: AssessmentRequest,
    folder: Path,
    observer: Observer = lambda event: None,
    command: Sequence[str] = (),
) -> Run:
    """Measure, fit, judge and report. Finished model calls of an earlier attempt are not repeated.

    Args:
        request: what is to be assessed.
        folder: its run folder.
        observer: hears of it while it runs.
        command: the words of the command that makes the run again, where that is a larger study's.

    Raises:
        RequestError: the folder holds another request; an unknown model; a missing key.
        RunError: no pair could be measured.
    """
    plan = request.plan
    meta = open_folder(folder, request.to_dict(), request.digest, plan.agent, plan.prices)
    meta.setdefault("command", list(command) or request.command(folder))
    if meta.get("finished") and not meta["failures"]:
        return read_run(folder)
    model = open_model(
        plan.agent, plan.pairs, retries=request.retries, max_connections=request.max_connections
    )
    clock = Clock(folder, meta)
    write_meta(folder, meta)

    def observe(event: Event) -> None:
        clock.tick()
        observer(event)

    samples = _measure(plan, model, folder, observe)
    clock.stop()
    rows = [row for sample in samples for row in sample["rows"]]
    meta["failures"] = [
        {"pair": sample["pair"], "message": sample["error"]} for sample in samples if sample["error"]
    ]
    meta["pairs"] = [pair.to_dict() for pair in plan.pairs]
    meta["stop_reasons"] = {s["pair"]: s["stop_reason"] for s in samples if s["stop_reason"]}
    meta["readout_choice"] = next((s["readout"] for s in samples if s["readout"]), None)
    meta["placement"] = next((s["placement"] for s in samples if s["placement"]), None)
    table = observations(rows)
    if not Run(folder, meta, table).fits:
        if rows:
            write_table(folder / OBSERVATIONS, table)
        write_meta(folder, meta)
        raise RunError(meta["failures"][0]["message"])
    meta["totals"] = _totals(request, table, meta["readout_choice"])
    meta["example_prompt"] = _example_prompt(request)
    meta["finished"] = now()
    write_table(folder / OBSERVATIONS, table)
    write_table(folder / FITS, fits_table(Run(folder, meta, table).fits))
    write_meta(folder, meta)
    if not meta["failures"]:
        shutil.rmtree(folder / CACHE, ignore_errors=True)
    return read_run(folder)


def _totals(request: AssessmentRequest, table: pd.DataFrame, choice: Mapping[str, Any]) -> dict[str, Any]:
    """What the run took, the calls that settled the readout included."""
    return {
        "prompts": len(table),
        **totals_of([table[list(SPENT)].sum().to_dict(), choice], request.plan.prices),
        "seconds": round(float(table["seconds"].sum()), 3),
    }


def _measure(plan: MeasurementPlan, model: Model, folder: Path, observer: Observer) -> list[dict[str, Any]]:
    """Run the Inspect task; per pair its rows, its error and how it stopped."""
    samples = evaluate(build_task(plan, observer), model, plan.agent, folder, max_samples=len(plan.pairs))
    by_pair = {sample.id: sample for sample in samples}
    results = []
    for pair in plan.pairs:
        sample = by_pair.get(pair.id)
        kept = sample.metadata if sample else {}
        fault = kept.get("fault") or (sample.error if sample else None)
        results.append(
            {
                "pair": pair.id,
                "rows": kept.get("observations", []),
                "error": fault if sample else "was not reached",
                "stop_reason": kept.get("stop_reason"),
                "readout": kept.get("readout"),
                "placement": kept.get("placement"),
            }
        )
    return results


def _example_prompt(request: AssessmentRequest) -> str:
    plan = request.plan
    listed: Listed = "ab" if plan.listed else ""
    return plan.prompt(plan.pairs[0], 0, round(0.7 * plan.n_peers), listed).text
