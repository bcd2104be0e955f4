"""Conformity, bias and the share inside, over the sampling temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spinodal.figures._curves import Curve
from spinodal.figures._dependence import draw_dependence, series_over
from spinodal.figures._entry import figure
from spinodal.figures._look import finish
from spinodal.figures._needs import TEMPERATURES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spinodal.results import Results

DERIVED: Final = (0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0)
"""Temperatures that a response is derived at from log-odds."""


@figure(
    "temperature",
    title="Dependence on the temperature",
    caption="Conformity β, size of bias |h| and the share of pairs inside the spinodal over the sampling "
    "temperature.",
    needs=(TEMPERATURES,),
)
def temperature(
    results: Results,
    *,
    agent: str | None = None,
    pair: str | None = None,
    template: str | None = None,
    peers: int | None = None,
) -> Figure:
    """Beta, |h| and the share inside at each temperature measured; of log-odds, at further ones derived."""
    fixed = {"template": template, "n_peers": peers}
    found = series_over(results, "temperature", agent=agent, pair=pair, fixed=fixed, expand=_derived)
    drawn, _, told = draw_dependence(
        found, xlabel="temperature", place=float, words=lambda level: f"{level:g}"
    )
    derived = any(
        curve.derivable for one in found for pairs in one.by_level.values() for curve in pairs.values()
    )
    how = (
        " Temperatures other than the measured one are derived from log-odds, prompt by prompt."
        if derived
        else ""
    )
    return finish(drawn, f"Dependence on the sampling temperature. {told}{how}")


def _derived(curve: Curve) -> list[Curve]:
    return [curve, *(curve.at(value) for value in DERIVED)] if curve.derivable else [curve]
