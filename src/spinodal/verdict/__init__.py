"""The verdict: from a fitted response to what a population will do, in plain words.

An honest reading of one curve. The tanh response speaks where it fits and its two numbers can be
told; else the measured curve does. Where the data leave open whether a second state exists, the
verdict is 'undecided'.

Misaligned means against the declared aligned option, A; in a neutral pair, against the agent's own
lean, the option it prefers among evenly split peers (for beta > 0 the sign of h).
"""

from spinodal.theory import Spread
from spinodal.verdict._judge import judge
from spinodal.verdict._verdict import Adversaries, Outcome, Verdict
from spinodal.verdict._words import summarize

__all__ = ["Adversaries", "Outcome", "Spread", "Verdict", "judge", "summarize"]
