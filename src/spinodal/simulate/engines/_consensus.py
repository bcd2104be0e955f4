"""When a replica that is to stop at consensus is over."""

from __future__ import annotations

_NEVER = -1


def consensus_counts(stop: bool, agents: int, zealots_a: int, zealots_b: int) -> tuple[int, int]:
    """Holders of A among `agents` at which all agree, on B and on A, zealots present included.

    -1, which no count equals, where zealots of the other side keep that from being a consensus, and
    where nothing is to stop.
    """
    return (
        0 if stop and zealots_a == 0 else _NEVER,
        agents if stop and zealots_b == 0 else _NEVER,
    )
