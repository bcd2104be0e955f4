"""A society in words: who is in it, what each sees, remembers and says, and what is done to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from spinodal.report._words import count, number, plural
from spinodal.society_runs import SocietyRun
from spinodal.theory import Stage


def typeset(words: str) -> str:
    """A sentence of the verdict with real minus signs, and its p-values kept on one line."""
    return re.sub(r"(?<![\w.])-(?=[\d∞])", "−", words).replace("p = ", "p\u00a0=\u00a0")


def what_was_done(run: SocietyRun) -> str:
    """Who, how many, about what, from where and under which pressure, in one sentence."""
    request = run.meta["request"]
    several = len(request["m0"]) > 1
    trajectories = len(request["m0"]) * request["trajectories"]
    each = f"{request['trajectories']} from each of " if several else "from "
    return (
        f"{plural(trajectories, 'population')} of {who(run)}, {each}{starts(request['m0'])}, lived "
        f"{plural(run.sweeps, 'sweep')}; {sight(request)}, {ways(request)}; {pressure(request)}."
    )


def who(run: SocietyRun) -> str:
    """Agents by group."""
    groups = run.groups
    if len(groups) == 1:
        [(name, agents)] = groups.items()
        return f"{plural(agents, 'agent')} ({name})"
    return f"{run.agents} agents ({and_([f'{agents} {name}' for name, agents in groups.items()])})"


def starts(m0: Sequence[float]) -> str:
    """Where populations start."""
    return f"m\u00a0=\u00a0{and_([number(value, _digits(value)) for value in sorted(m0)])}"


def sight(request: Mapping[str, Any]) -> str:
    """What an agent sees."""
    graph, shown = request["graph"], request["shown"]
    if graph:
        seen = f"its neighbours on the graph {graph['name']}"
        return f"each saw {shown} of {seen}, at random" if shown else f"each saw {seen}"
    return f"each saw {shown} others at random" if shown else "each saw all others"


def ways(request: Mapping[str, Any]) -> str:
    """What an agent remembers and says."""
    memory = str(request["memory"])
    if memory == "nothing":
        remembered = "remembered nothing"
    elif memory == "own-opinion":
        remembered = "was told its own opinion"
    else:
        remembered = f"remembered its last {plural(int(memory.partition(':')[2]), 'exchange')}"
    said = "gave its reason, which others read" if request["arguments"] else "said only where it stands"
    return f"{remembered} and {said}"


def pressure(request: Mapping[str, Any]) -> str:
    """Which zealots were there, and how they spoke."""
    stages = [Stage(**stage) for stage in request["stages"]]
    if not any(stage.zealots_a or stage.zealots_b for stage in stages):
        return "no zealots were among them"
    kind = "silent zealots" if request["adversaries"] == "silent" else "zealots who argue (persuaders)"
    if request["experiment"] == "hysteresis":
        signed = [int(stage.zealots_a - stage.zealots_b) for stage in stages]
        turn = max(signed, key=lambda value: abs(value - signed[0]))
        return f"{kind} were swept from {_signed(signed[0])} to {_signed(turn)} and back, {_steps(stages)}"
    told = [
        f"{stage_who(stage)} for {plural(int(stage.sweeps), 'sweep')}" for stage in stages if stage.sweeps
    ]
    return f"{kind}: {', then '.join(told)}"


def stage_who(stage: Stage) -> str:
    """The zealots of one stage."""
    there = [
        f"{count(number)} for {side}"
        for number, side in ((stage.zealots_a, "A"), (stage.zealots_b, "B"))
        if number
    ]
    return and_(there) if there else "none"


def _signed(zealots: int) -> str:
    return f"{abs(zealots)} for {'A' if zealots > 0 else 'B'}" if zealots else "none"


def _steps(stages: Sequence[Stage]) -> str:
    lengths = sorted({int(stage.sweeps) for stage in stages})
    return f"{plural(lengths[0], 'sweep')} at each number" if len(lengths) == 1 else "step by step"


def _digits(value: float) -> int:
    """Decimals that show the value as it was given, up to three."""
    return next((digits for digits in range(3) if round(value, digits) == value), 3)


def and_(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"; empty of none."""
    return "".join(words) if len(words) < 2 else f"{', '.join(words[:-1])} and {words[-1]}"
