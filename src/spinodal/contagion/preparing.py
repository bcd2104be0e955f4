"""What is settled before the first game: how replies are read, where guards may speak, who the agent is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from spinodal.contagion.plan import Cell, ContagionPlan
from spinodal.contagion.play import begin_words
from spinodal.contagion.players import DecisionForm, decision_form, decision_words
from spinodal.games import targets
from spinodal.guards import Guard, GuardSpec, Materials, Message
from spinodal.measure.chat import to_chat
from spinodal.measure.placements import PlacementChoice, settle_placement
from spinodal.measure.reading import Question, Reader, ReadoutChoice
from spinodal.measure.trait_questions import ask_traits, plain_row, profile_of, settle_answers
from spinodal.traits import Profile


@dataclass(frozen=True)
class Preparation:
    """What is settled once for a study."""

    readout: ReadoutChoice
    """How answers about traits are read."""
    decisions: Mapping[str, DecisionForm]
    """How decisions are read, by game."""
    decisions_why: Mapping[str, str]
    placements: Mapping[str, PlacementChoice]
    """Where the words of a guard stand, by guard."""
    answers: tuple[dict[str, Any], ...]
    """Rows of the assessment before play."""
    spent: tuple[dict[str, Any], ...] = field(default=())
    """What settling all this took, answers aside."""

    @property
    def profile(self) -> Profile:
        """The agent's traits before play."""
        return profile_of(self.answers)

    def guards(self, plan: ContagionPlan) -> dict[str, Guard | None]:
        """Every guard of the study, by name; None where it has nothing to say to this agent.

        Placebos are as long as the words of the first guard by implicit traits that has any.
        """
        return {str(spec): spec.build(self._materials(plan, spec)) for spec in plan.guards}

    def why_skipped(self, plan: ContagionPlan, spec: GuardSpec) -> str:
        """Why a guard of the study has nothing to say to this agent."""
        if "own-prior" in spec.kinds:
            return "own-prior restates what the agent supports of two options, and a game has no such options"
        return spec.why_silent(self._materials(plan, spec))

    def _materials(self, plan: ContagionPlan, spec: GuardSpec) -> Materials:
        choice = self.placements.get(str(spec))
        own = [one.own_statements(self.profile, plan.questions) for one in plan.guards]
        return Materials(
            system_prompt=plan.agent.system_prompt,
            profile=self.profile,
            questions=plan.questions,
            placement=choice.placement if choice else "trailing-system",
            retained=plan.retained,
            seed=plan.seed,
            likened=next(filter(None, own), ()),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for the log and for JSON: null for NaN."""
        return {
            "readout": asdict(self.readout),
            "decisions": dict(self.decisions),
            "decisions_why": dict(self.decisions_why),
            "placements": {name: choice.to_dict() for name, choice in self.placements.items()},
            "answers": [plain_row(row) for row in self.answers],
            "spent": [plain_row(row) for row in self.spent],
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Preparation:
        """As `to_dict` gives it, with null for NaN."""
        return cls(
            readout=ReadoutChoice(**kept["readout"]),
            decisions=kept["decisions"],
            decisions_why=kept["decisions_why"],
            placements={name: PlacementChoice(**choice) for name, choice in kept["placements"].items()},
            answers=tuple(kept["answers"]),
            spent=tuple(kept["spent"]),
        )


async def prepare(
    plan: ContagionPlan,
    reader: Reader,
    at_once: int,
    told: Callable[[int], None] = lambda asked: None,
) -> Preparation:
    """Settle everything that the games need, on the agent under study.

    Raises:
        RequestError: a guard's words cannot be put before this model.
        RunError: log-probabilities were demanded and did not come.
    """
    persona = plan.agent.system_prompt
    view = [Message("system", persona)] if persona else []
    readout = await settle_answers(plan, reader, view, plan.readout, plan.prefill)
    spent: list[dict[str, Any]] = [
        {"calls": readout.calls, "input_tokens": readout.input_tokens, "output_tokens": readout.output_tokens}
    ]
    placements = {}
    settled: dict[Any, PlacementChoice] = {}
    for spec in plan.guards:
        if spec.speaks:
            if spec.placement not in settled:
                settled[spec.placement], took = await settle_placement(reader, spec.placement)
                spent += took
            placements[str(spec)] = settled[spec.placement]
    decisions: dict[str, DecisionForm] = {}
    why = {}
    for game in plan.games:
        question, for_whom = _decision_question(plan, next(cell for cell in plan.cells if cell.game == game))
        weigh = plan.readout != "sample" and plan.prefill != "off"
        decisions[game.name], why[game.name], more = await decision_form(
            reader, game, question, for_whom, weigh=weigh
        )
        spent.append(more)
    answers = await ask_traits(plan, reader, readout, "before", view, at_once, told)
    return Preparation(readout, decisions, why, placements, tuple(answers), tuple(spent))


def _decision_question(plan: ContagionPlan, cell: Cell) -> tuple[Question, tuple[str, ...]]:
    """A first decision of a game, as it will be asked."""
    seating = plan.seating(cell)
    others = [name for name in seating.players if name != seating.focal]
    words = decision_words(plan.wording, cell.game, "text", others, 1, seating.moves[0])
    persona = [Message("system", plan.agent.system_prompt)] if plan.agent.system_prompt else []
    messages = [
        *persona,
        Message("user", begin_words(plan, cell, seating, seating.focal)),
        Message("user", words),
    ]
    return Question(to_chat(messages), 0, {"probe": f"decision {cell.game.name}"}), targets(cell.game, others)
