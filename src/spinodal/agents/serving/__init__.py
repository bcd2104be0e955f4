"""Synthetic agents behind HTTP: a test double of a model provider, in OpenAI's chat-completions protocol.

Behind every model stands an agent whose response is known, so what a study ought to find is known too; in
front of it is what a real provider puts there: limits, latency, failures. Try a study without a key or a
call that costs anything:

    python -m spinodal.agents.serving --model steady=beta=2/h=0.3 --requests-per-minute 600 --failures 0.02

Or inside a test:

    with AgentServer([ServedModel("steady", otherwise=Law(beta=2.0, h=0.3))]) as server:
        ...  # server.environment leads Inspect there, server.model("steady") is the model's string

Importing this package imports Inspect.
"""

from spinodal.agents.serving._failures import Failure, Failures
from spinodal.agents.serving._journal import JournalEntry, read_journal
from spinodal.agents.serving._laws import Law, ServedModel, read_models
from spinodal.agents.serving._limits import Limits
from spinodal.agents.serving._server import AgentServer

__all__ = [
    "AgentServer",
    "Failure",
    "Failures",
    "JournalEntry",
    "Law",
    "Limits",
    "ServedModel",
    "read_journal",
    "read_models",
]
