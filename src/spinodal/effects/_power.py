"""How many matched games: the effect that so many can see, and how many an effect needs.

Power is that of the two-sided t test on n matched differences, n - 1 degrees of freedom, by the noncentral t
with noncentrality sqrt(n) effect/sd (Johnson & Welch 1940, Biometrika 31:362): of few games the normal
approximation promises too much. Tests are made at level/tests (Bonferroni), which step-down max-T betters.

Two things it leaves out. Games spread evenly over G strata leave n - G degrees of freedom: G - 1 more games
than told are always enough. And sign flips of n games give no p-value below 2/2^n: whatever is told here,
fewer than 6 games cannot reach 0.05 in `matched_effects`.
"""

from __future__ import annotations

import math
from numbers import Integral

import numpy as np

from spinodal._errors import RequestError


def detectable_effect(
    games: int, sd: float, *, tests: int = 1, power: float = 0.8, level: float = 0.05
) -> float:
    """The smallest effect that `games` >= 2 matched games show with probability `power`, in units of `sd`.

    `sd` > 0 is the standard deviation of one matched difference (`Effect.sd`), `tests` >= 1 the number of
    traits looked at together, `power` in (level/tests, 1), `level` in (0, 1). Else `RequestError`.
    """
    from scipy.optimize import brentq

    _require_positive("sd", sd)
    _require_whole("games", games, 2)
    alpha = _alpha(tests, power, level)
    highest = 1.0
    while _power(games, highest, alpha) < power:
        highest *= 2.0
    return sd * float(brentq(lambda effect: _power(games, effect, alpha) - power, 0.0, highest, xtol=1e-13))


def fewest_games(tests: int = 1, level: float = 0.05) -> int:
    """The fewest matched games of which a sign-flip test can reach `level` / `tests`: 2 / 2^n is its least p.

    Of step-down max-T over several traits the least adjusted p is the same, so that counts as one test.
    """
    _require_whole("tests", tests, 1)
    return math.ceil(math.log2(2.0 * tests / level))


def games_needed(effect: float, sd: float, *, tests: int = 1, power: float = 0.8, level: float = 0.05) -> int:
    """The smallest whole number of matched games, 2 or more, that show an effect with probability `power`.

    `effect` > 0 in the units of `sd` > 0, the standard deviation of one matched difference (`Effect.sd`);
    `tests`, `power` and `level` as for `detectable_effect`. `RequestError` for anything else, and where more
    games than a trillion would be needed.
    """
    _require_positive("effect", effect)
    _require_positive("sd", sd)
    alpha = _alpha(tests, power, level)
    ratio = effect / sd
    enough = 2
    while _power(enough, ratio, alpha) < power:
        enough *= 2
        if enough > _MOST:
            raise RequestError(
                f"an effect of {effect:g} at sd {sd:g} needs over {_MOST:.0e} games; give a larger effect"
            )
    few = enough // 2  # too few, unless two are enough
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (middle, enough) if _power(middle, ratio, alpha) < power else (few, middle)
    return enough


_MOST = 10**12
"""Nobody plays more, and the noncentral t is not computed well for ever."""


def _power(games: int, ratio: float, alpha: float) -> float:
    """Probability that the t test on `games` differences of mean `ratio` and standard deviation 1 rejects."""
    from scipy.special import stdtrit
    from scipy.stats import nct

    freedom, shift = games - 1, math.sqrt(games) * ratio
    critical = -float(stdtrit(freedom, alpha / 2.0))
    # SciPy gives NaN for the far tail below 1e-20
    wrong_side = np.nan_to_num(nct.cdf(-critical, freedom, shift))
    found = float(nct.sf(critical, freedom, shift) + wrong_side)
    if math.isnan(found):  # two games, and tests by the million
        raise RequestError(
            f"{games} games at level {alpha:g} are past what is computed; give more or fewer tests"
        )
    return found


def _alpha(tests: int, power: float, level: float) -> float:
    _require_whole("tests", tests, 1)
    for name, value in (("level", level), ("power", power)):
        if not 0.0 < value < 1.0:
            raise RequestError(f"{name} {value:g}; give a number between 0 and 1")
    alpha = level / tests
    if power <= alpha:
        raise RequestError(f"power {power:g} at level {alpha:g}, which no effect has; give a power above it")
    return alpha


def _require_positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0.0):
        raise RequestError(f"{name} {value:g}; give a finite number above 0")


def _require_whole(name: str, value: int, least: int) -> None:
    if not isinstance(value, Integral) or value < least:
        raise RequestError(f"{name} {value}; give a whole number, {least} or more")
