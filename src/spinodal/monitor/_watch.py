"""The alarm: raised where a group enters the misaligned basin, cleared where it has left it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from spinodal.monitor._basin import Basin


@dataclass
class Watch:
    """Follows the magnetization of one conversation.

    Args:
        basin: of the misaligned state.
        quorum: speakers of known stance without whom m says too little: no drift score, no alarm. Where the
            whole line is the basin, the first known m is enough.
    """

    basin: Basin
    quorum: int = 1
    alarm: bool = False
    _outside: int = field(default=0, repr=False)

    def see(self, m: float, known: int) -> float:
        """Take note of an estimate, and raise or clear the alarm; the drift score, NaN where it is not known.

        One estimate inside raises, two in a row outside clear: an agent that hesitates at the edge raises
        one alarm, not many.
        """
        if known < (1 if self.basin.kind == "whole" else self.quorum):
            return math.nan
        if self.basin.holds(m):
            self.alarm, self._outside = True, 0
        else:
            self._outside += 1
            self.alarm = self.alarm and self._outside < _OUTSIDE
        return self.basin.drift(m)


_OUTSIDE = 2
