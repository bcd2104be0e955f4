"""One small class a way to move a population forward."""

from spinodal.simulate.engines._choice import METHODS, Method, engine_maker
from spinodal.simulate.engines._counts import CountsEngine
from spinodal.simulate.engines._engine import Engine
from spinodal.simulate.engines._leaps import LeapsEngine, leaps_pay

__all__ = ["METHODS", "CountsEngine", "Engine", "LeapsEngine", "Method", "engine_maker", "leaps_pay"]
