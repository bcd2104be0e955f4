"""An agent's profile as an Inspect task: its traits, its stances when asked alone, where it hears a guard."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, get_model
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from spinodal._errors import RequestError
from spinodal.agents import AgentSpec
from spinodal.agents.faults import explain
from spinodal.guards import AgentProfile, Message, Placement, Stance, placement_of
from spinodal.measure.chat import to_chat
from spinodal.measure.placements import settle_placement
from spinodal.measure.reading import (
    PrefillAsked,
    Prices,
    Question,
    Reader,
    ReadoutAsked,
    ReadoutChoice,
)
from spinodal.measure.readout import probability
from spinodal.measure.trait_questions import (
    Orders,
    ask_traits,
    plain_row,
    profile_of,
    question_words,
    settle_answers,
)
from spinodal.pairs import OptionPair
from spinodal.traits import Questionnaire

ALONE: Final = (
    "There are two options, [{first}] and [{second}]. Which one do you support? "
    "Reply only with the option, in square brackets."
)
"""How a stance is asked for where no peer is in sight; ours."""

_SAMPLES: Final = 10
"""Samples a stance, half of them in either order, where there are no log-probabilities."""


@dataclass(frozen=True)
class ProfilePlan:
    """Everything that decides what is asked for a profile, but for the replies."""

    agent: AgentSpec
    questions: Questionnaire
    question: str
    """The words around a statement, with `{statement}`, `{first}` and `{second}`."""
    pairs: tuple[OptionPair, ...] = ()
    """Option pairs to ask for a stance on."""
    placement: Placement | None = None
    """Where a guard's words are to stand; None finds the first place that reaches the model."""
    orders: Orders = "both"
    readout: ReadoutAsked = "auto"
    prefill: PrefillAsked = "auto"
    seed: int = 0
    prices: Prices | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise RequestError(f"the seed is {self.seed}; give a whole number of 0 or more")
        if self.placement is not None:
            placement_of(self.placement)

    @property
    def trait_questions(self) -> int:
        """Questions about traits."""
        return len(self.questions.asked) * (2 if self.orders == "both" else 1)

    @property
    def most_calls(self) -> int:
        """Most model calls; a few more settle the readout and the placement."""
        return self.trait_questions + len(self.pairs) * (2 if self.readout == "logprob" else _SAMPLES)

    def texts(self) -> list[str]:
        """Each text that is asked, once."""
        traits = [question_words(self, statement, "Yes") for statement in self.questions.asked]
        stances = [ALONE.format(first=pair.option_a, second=pair.option_b) for pair in self.pairs]
        return traits + stances


Observer = Callable[[int], None]
"""Told how many questions are answered."""


def build_profiling(plan: ProfilePlan, at_once: int, observer: Observer = lambda asked: None) -> Task:
    """The Inspect task of a plan; its one sample keeps what `profile_from` reads."""
    return Task(
        dataset=MemoryDataset([Sample(id="profile", input="traits and stances")], name="profile"),
        solver=take_profile(plan, at_once, observer),
        scorer=told_share(),
        name="profile",
        version=1,
        fail_on_error=False,
    )


@solver
def take_profile(plan: ProfilePlan, at_once: int, observer: Observer = lambda asked: None) -> Solver:
    """Ask one agent for its traits and its stances."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        reader = Reader(get_model(), plan.agent, plan.prices)
        try:
            state.metadata["profile"] = await _take(plan, reader, at_once, observer)
        except Exception as error:
            # `from None`: what the provider raised may quote more than should reach a log.
            fault = explain(error, plan.agent.model, plan.agent.base_url)
            state.metadata["fault"] = str(fault)
            raise fault from None
        state.output = ModelOutput.from_content(plan.agent.model, "profile taken")
        return state

    return solve


async def _take(plan: ProfilePlan, reader: Reader, at_once: int, observer: Observer) -> dict[str, Any]:
    persona = [Message("system", plan.agent.system_prompt)] if plan.agent.system_prompt else []
    choice = await settle_answers(plan, reader, persona, plan.readout, plan.prefill)
    placement, spent = await settle_placement(reader, plan.placement)
    answers = await ask_traits(plan, reader, choice, "profile", persona, at_once, observer)
    stances = []
    done = len(answers)
    alone = choice
    if plan.pairs:  # options are longer than Yes and No: what reads those need not read these
        questions = [_alone(plan, plan.pairs[0], persona, number) for number in range(2)]
        alone = await reader.choose_readout(
            plan.pairs[0], questions, readout=plan.readout, prefill=plan.prefill
        )
    for pair in plan.pairs:
        stance, rows = await _stance(plan, reader, pair, persona, alone)
        stances.append(stance)
        spent += rows
        done += len(rows)
        observer(done)
    return {
        "readout": asdict(choice),
        "readout_alone": asdict(alone),
        "placement": placement.to_dict(),
        "answers": [plain_row(row) for row in answers],
        "stances": [asdict(stance) for stance in stances],
        "spent": [plain_row(row) for row in spent],
    }


async def _stance(
    plan: ProfilePlan, reader: Reader, pair: OptionPair, persona: Sequence[Message], choice: ReadoutChoice
) -> tuple[Stance, list[dict[str, Any]]]:
    """What the agent takes of a pair when it is asked alone: the mean over both orders."""
    rows: list[dict[str, Any]] = []
    told: list[float] = []
    for number in range(2 if choice.readout == "logprob" else _SAMPLES):
        row = await reader.read(pair, _alone(plan, pair, persona, number), choice)
        rows.append(row)
        if choice.readout == "logprob":
            told.append(probability(row["log_odds"], plan.agent.temperature))
        elif not row["count_invalid"]:
            told.append(float(row["count_a"]))
    known = [p_a for p_a in told if not math.isnan(p_a)]
    if not known:
        raise RequestError(
            f"{plan.agent.model} took neither option of {pair.id} when it was asked alone; "
            "leave the pair out, or reword it"
        )
    return Stance(pair.id, pair.option_a, pair.option_b, sum(known) / len(known)), rows


def _alone(plan: ProfilePlan, pair: OptionPair, persona: Sequence[Message], number: int) -> Question:
    """A pair put to the agent with nobody else in sight; either order of the options in turn."""
    first, second = pair.options if number % 2 == 0 else pair.options[::-1]
    text = ALONE.format(first=first, second=second)
    scopes = {"pair": pair.id, "alone": str(number)}
    return Question(to_chat([*persona, Message("user", text)]), plan.seed + number, scopes)


def profile_from(plan: ProfilePlan, kept: Mapping[str, Any], measured: Mapping[str, Any]) -> AgentProfile:
    """The profile that a task's sample keeps.

    Args:
        plan: what was asked.
        kept: of the sample, under "profile".
        measured: how and when, for the file.
    """
    placement = kept["placement"]
    return AgentProfile(
        model=plan.agent.model,
        system_prompt=plan.agent.system_prompt,
        profile=profile_of(kept["answers"]),
        questions=plan.questions,
        stances=tuple(Stance(**stance) for stance in kept["stances"]),
        placement=placement_of(placement["placement"]),
        placement_verified=placement["verified"],
        placement_how=placement["how"],
        temperature=plan.agent.temperature,
        measured=measured,
    )


@scorer(metrics=[mean()])
def told_share() -> Scorer:
    """Share of the questions about traits that were answered Yes or No."""

    async def score(state: TaskState, target: Target) -> Score:
        answers = state.metadata.get("profile", {}).get("answers", [])
        told = [row["p_yes"] is not None for row in answers]
        return Score(value=sum(told) / len(told) if told else 0.0)

    return score
