"""What a study could show, before it is run."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spinodal.effects import detectable_effect, games_needed

if TYPE_CHECKING:
    from spinodal.contagion.plan import ContagionPlan
    from spinodal.contagion_studies import ContagionCosts

USUAL_SD: Final = 0.05
"""Scatter of one matched difference in pro-sociality where no pilot tells."""


@dataclass(frozen=True)
class Power:
    """The size of effect on pro-sociality that a study shows four times in five, at level 0.05."""

    sd: float
    """Standard deviation of a matched difference."""
    sd_of: str
    """Where that is from."""
    repetitions: int
    """Games a cell."""
    matched: int
    """Matched games behind the contagion: those of all games together."""
    contagion: float
    """Of contagion; infinite where so few games show none of any size."""
    mitigation: float
    """Of a mitigation: a difference of two differences, among as many guards as there are."""
    traits: float
    """Of contagion on one trait of all that are tested, were it to scatter as pro-sociality does."""
    effect: float | None
    """The effect that was asked for."""
    games_a_cell: int | None
    """Games a cell that show it."""

    def to_dict(self) -> dict[str, Any]:
        known = asdict(self).items()
        return {name: None if value == math.inf else value for name, value in known}

    def sentences(self, costs: ContagionCosts) -> list[str]:
        """The same in words."""
        lines = [
            f"{self.matched} matched games, each scattering by {self.sd:.3f} ({self.sd_of}), show a "
            f"contagion of pro-sociality of {_shown(self.contagion)} four times in five, what a guard does "
            f"to it of {_shown(self.mitigation)}, and contagion on a single trait of {_shown(self.traits)}."
        ]
        if self.effect is not None and self.games_a_cell is not None:
            a_repetition = (costs.play_calls + costs.question_calls) / self.repetitions
            calls = costs.before_calls + self.games_a_cell * a_repetition
            lines.append(
                f"To see a contagion of {self.effect:g} four times in five you need {self.games_a_cell} "
                f"games a cell: {calls:,.0f} calls at most."
            )
        return lines


def power_of(plan: ContagionPlan, pilot: Path | None = None, effect: float | None = None) -> Power:
    """The power of a plan.

    Args:
        plan: the study.
        pilot: the run folder of an earlier one, for its scatter between games.
        effect: size on pro-sociality that is to be shown.

    Raises:
        RequestError: no such run; an effect that is not positive.
    """
    sd, sd_of = USUAL_SD, "taken for granted; --pilot RUN takes it from a study"
    if pilot is not None:
        sd, sd_of = _sd_of(pilot), f"as in {pilot}"
    matched = plan.repetitions * len(plan.games)
    guards = max(len(plan.guards) - 1, 1)
    traits = len(plan.questions.inventory.traits)

    def detectable(spread: float, tests: int) -> float:
        return detectable_effect(matched, spread, tests=tests) if matched > 1 else math.inf

    needed = None if effect is None else games_needed(effect, sd)
    return Power(
        sd=sd,
        sd_of=sd_of,
        repetitions=plan.repetitions,
        matched=matched,
        contagion=detectable(sd, 1),
        mitigation=detectable(math.sqrt(2.0) * sd, guards),
        traits=detectable(sd, traits),
        effect=effect,
        games_a_cell=None if needed is None else math.ceil(needed / len(plan.games)),
    )


def _sd_of(pilot: Path) -> float:
    from spinodal._errors import RequestError
    from spinodal.contagion_runs import read_contagion
    from spinodal.contagion_verdict import judge_contagion

    index = judge_contagion(read_contagion(pilot)).contagion.index
    if index is None or not index.sd > 0.0:
        raise RequestError(f"the study in {pilot} has too few games to tell their scatter; leave --pilot out")
    return index.sd


def _shown(effect: float) -> str:
    return "no size (too few games)" if math.isinf(effect) else f"{effect:.3f}"
