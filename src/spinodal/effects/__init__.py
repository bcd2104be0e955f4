"""Effects from matched games: how large, how sure, and how many games it takes to see one.

The games of two cells are matched where they share their seeds, so that an effect is the mean of differences
taken within a repetition, and what the two games have in common drops out.
"""

from spinodal.effects._holm import holm
from spinodal.effects._matched import Effect, matched_effects
from spinodal.effects._power import detectable_effect, games_needed

__all__ = ["Effect", "detectable_effect", "games_needed", "holm", "matched_effects"]
