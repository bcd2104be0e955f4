"""Agents: the spec of one, and two model providers of our own (embedded and synthetic).

Importing this package does not import Inspect; `spinodal._inspect` registers the providers.
"""

from spinodal.agents._guarding import Guarding, guarding_of
from spinodal.agents._spec import AgentSpec

__all__ = ["AgentSpec", "Guarding", "guarding_of"]
