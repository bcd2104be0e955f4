"""One small class a way to move a population forward."""

from spinodal.simulate.engines._engine import Engine

__all__ = ["Engine"]
