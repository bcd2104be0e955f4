"""How many matched games: the effect that so many can see, and how many an effect needs.

Power is that of the two-sided test on n normal matched differences. Up to ten games it is that of the
sign-flip test itself, over 4,000 drawn studies (power to 0.6%, one standard error): its p-values are
multiples of 2/2^n, so fewer than six games reach no 0.05, and six do only where all point the same way.
Of more games it is that of the t test with n - 1 degrees of freedom, by the noncentral t with
noncentrality sqrt(n) effect/sd (Johnson & Welch 1940, Biometrika 31:362), which the sign-flip test then
equals but for a few percent. Tests are made at level/tests (Bonferroni), which step-down max-T betters.

What it leaves out: games spread evenly over G strata leave n - G degrees of freedom, so that G - 1 more games
than told are always enough.
"""

from __future__ import annotations

import itertools
import math
from functools import cache
from numbers import Integral

import numpy as np

from spinodal._errors import RequestError
from spinodal.response import FloatArray

_FEW = 10
"""Games up to which the sign-flip test is carried out, flip by flip."""
_STUDIES = 4000
_RESOLUTION = 1e-9


def detectable_effect(
    games: int, sd: float, *, tests: int = 1, power: float = 0.8, level: float = 0.05
) -> float:
    """The smallest effect that `games` >= 2 matched games show with probability `power`, in units of `sd`.

    Infinite where so few games can show none of any size.

    `sd` > 0 is the standard deviation of one matched difference (`Effect.sd`), `tests` >= 1 the number of
    traits looked at together, `power` in (level/tests, 1), `level` in (0, 1). Else `RequestError`.
    """
    _require_positive("sd", sd)
    _require_whole("games", games, 2)
    alpha = _alpha(tests, power, level)
    if games < _fewest(alpha):
        return math.inf
    low, high = 0.0, 1.0
    while _power(games, high, alpha) < power:
        low, high = high, 2.0 * high
    while high - low > _RESOLUTION * high:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _power(games, middle, alpha) < power else (low, middle)
    return sd * high


def games_needed(effect: float, sd: float, *, tests: int = 1, power: float = 0.8, level: float = 0.05) -> int:
    """The smallest whole number of matched games that show an effect with probability `power`.

    `effect` > 0 in the units of `sd` > 0, the standard deviation of one matched difference (`Effect.sd`);
    `tests`, `power` and `level` as for `detectable_effect`. `RequestError` for anything else, and where more
    games than a trillion would be needed.
    """
    _require_positive("effect", effect)
    _require_positive("sd", sd)
    alpha = _alpha(tests, power, level)
    ratio = effect / sd
    fewest = _fewest(alpha)
    enough = fewest
    while _power(enough, ratio, alpha) < power:
        enough *= 2
        if enough > _MOST:
            raise RequestError(
                f"an effect of {effect:g} at sd {sd:g} needs over {_MOST:.0e} games; give a larger effect"
            )
    few = max(enough // 2, fewest - 1)  # too few, unless the fewest are enough
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (middle, enough) if _power(middle, ratio, alpha) < power else (few, middle)
    return enough


_MOST = 10**12
"""Nobody plays more, and the noncentral t is not computed well for ever."""


def _fewest(alpha: float) -> int:
    """The fewest games of which a sign-flip test can reach a level: 2 / 2^n is its least p."""
    return math.ceil(math.log2(2.0 / alpha))


def _power(games: int, ratio: float, alpha: float) -> float:
    """Probability that the test of `games` differences of mean `ratio` and standard deviation 1 rejects."""
    return _of_sign_flips(games, ratio, alpha) if games <= _FEW else _of_t(games, ratio, alpha)


def _of_sign_flips(games: int, ratio: float, alpha: float) -> float:
    flips, noise = _arrangements(games)
    drawn = noise + ratio
    # All differences in one stratum: the studentized statistic grows with the absolute sum.
    sums = np.abs(flips @ drawn)
    p_values = (sums >= sums[0] * (1.0 - 1e-12)).mean(axis=0)
    return float((p_values <= alpha).mean())


@cache
def _arrangements(games: int) -> tuple[FloatArray, FloatArray]:
    """Half of all flips, the observed one first (their opposites do the same), and noise drawn once."""
    flips = np.array([(1.0, *rest) for rest in itertools.product((1.0, -1.0), repeat=games - 1)])
    return flips, np.random.default_rng(games).standard_normal((games, _STUDIES))


def _of_t(games: int, ratio: float, alpha: float) -> float:
    from scipy.special import stdtrit
    from scipy.stats import nct

    freedom, shift = games - 1, math.sqrt(games) * ratio
    critical = -float(stdtrit(freedom, alpha / 2.0))
    # SciPy gives NaN for the far tail below 1e-20
    wrong_side = np.nan_to_num(nct.cdf(-critical, freedom, shift))
    return float(nct.sf(critical, freedom, shift) + wrong_side)


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
