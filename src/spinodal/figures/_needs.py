"""What figures need, each with how to tell whether results have it and the command that makes it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from spinodal.figures._curves import Curve, by_agent, curves_of
from spinodal.figures._entry import Need

if TYPE_CHECKING:
    from spinodal.results import Results


def _several_conditions(results: Results, of: str) -> bool:
    """Whether some agent was asked about one pair under two values of a condition, the others the same."""
    seen: dict[tuple[str, ...], set[str]] = {}
    for curve in curves_of(results):
        if of == "temperature" and curve.derivable:
            return True
        others = [
            str(getattr(curve.condition, name))
            for name in ("template", "temperature", "n_peers")
            if name != of
        ]
        seen.setdefault((curve.agent, curve.pair, *others), set()).add(str(getattr(curve.condition, of)))
    return any(len(values) > 1 for values in seen.values())


def _pairs_shared(results: Results) -> int:
    """Most pairs that any two agents were both asked about."""
    asked = [{curve.pair for curve in own} for own in by_agent(results).values()]
    return max((len(a & b) for n, a in enumerate(asked) for b in asked[:n]), default=0)


def family_members(results: Results) -> dict[str, dict[str, list[Curve]]]:
    """Families of two agents or more that have curves, with these."""
    agents = by_agent(results)
    sizes = Counter(results.families[agent] for agent in agents if agent in results.families)
    found: dict[str, dict[str, list[Curve]]] = {}
    for agent, own in agents.items():
        family = results.families.get(agent, "")
        if sizes[family] > 1:
            found.setdefault(family, {})[agent] = own
    return found


CURVES: Final = Need("response curves", "spinodal assess", lambda results: bool(curves_of(results)))
TWO_AGENTS: Final = Need(
    "pairs that two agents were both asked about, five or more",
    "spinodal study run",
    lambda results: _pairs_shared(results) >= 5,
)
FAMILIES: Final = Need(
    "two agents of one family with curves of the same pairs",
    "spinodal study run",
    lambda results: bool(family_members(results)),
)
TEMPERATURES: Final = Need(
    "curves at two temperatures, nor log-odds that give every temperature",
    "spinodal assess --readout logprob",
    lambda results: _several_conditions(results, "temperature"),
)
TEMPLATES: Final = Need(
    "curves of one pair under two templates",
    "spinodal assess --template NAME",
    lambda results: _several_conditions(results, "template"),
)
GROUP_SIZES: Final = Need(
    "curves of one pair with two numbers of peers",
    "spinodal critical-size",
    lambda results: _several_conditions(results, "n_peers"),
)
CRITICAL_SIZES: Final = Need(
    "curves of one pair over group sizes",
    "spinodal critical-size",
    lambda results: bool(results.critical_sizes) or _several_conditions(results, "n_peers"),
)
PATHS: Final = Need(
    "populations followed in time", "spinodal society", lambda results: not results.paths.empty
)
TIPPINGS: Final = Need(
    "populations that zealots joined and left", "spinodal tip", lambda results: not results.tippings.empty
)
LOOPS: Final = Need("hysteresis loops", "spinodal hysteresis", lambda results: not results.loops.empty)
LOOPS_WITH_CURVES: Final = Need(
    "response curve of an agent and pair that it has a loop of",
    "spinodal assess",
    lambda results: bool(
        {(curve.agent, curve.pair) for curve in curves_of(results)}
        & set(zip(results.loops["agent"], results.loops["pair"], strict=True))
    ),
)
CONTAGION: Final = Need("contagion study", "spinodal contagion", lambda results: bool(results.contagion))
GUARDED: Final = Need(
    "contagion study with a guard",
    "spinodal contagion --guard NAME",
    lambda results: any(len(run.guards) > 1 for run in results.contagion.values()),
)
