"""Readouts: which option a reply takes, from its text or from its log-probabilities.

A binary question is answered exactly in one call: follow the reply to the token where the two options
part, and compare the probability of the tokens that lead to A with that of those that lead to B.
Everything here works on the *text* that tokens spell, never on token ids, so it holds for any
tokenizer: options that share a first token, options that are prefixes of one another, tokens that
carry a bracket or a space along, replies with or without the bracket.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from spinodal.pairs import OptionPair

Candidate = tuple[str, float]
"""A token's text and its log-probability."""


class Branch(Enum):
    """What a reply, or the beginning of one, says."""

    A = "a"
    B = "b"
    OPEN = "open"
    """Both options are still possible."""
    OTHER = "other"
    """Neither option is possible any more."""


@dataclass(frozen=True)
class Position:
    """One token of a reply: the one that was written, and the alternatives the provider returned."""

    token: str
    logprob: float
    alternatives: Sequence[Candidate]


@dataclass(frozen=True)
class BranchReading:
    """Probability mass by branch, at temperature 1. The four masses and `unseen` sum to 1."""

    mass_a: float
    mass_b: float
    mass_open: float
    """Mass that had not parted when the reply ended, or on alternatives that were not followed."""
    mass_other: float
    unseen: float
    """Mass of tokens that the provider did not return."""
    open_text: str
    """Text of the largest alternative that was left open, as far as it goes ("" where there is none)."""
    open_text_mass: float
    """Of `mass_open`, the part on `open_text`."""
    floor: float
    """Largest mass that a branch which was not returned can have had."""

    @property
    def decided_mass(self) -> float:
        """Mass on A or B."""
        return self.mass_a + self.mass_b

    def followed(self, reading: BranchReading) -> BranchReading:
        """This reading, with `open_text` resolved by a second one that went on from there."""
        weight = self.open_text_mass
        return BranchReading(
            mass_a=self.mass_a + weight * reading.mass_a,
            mass_b=self.mass_b + weight * reading.mass_b,
            mass_open=self.mass_open - weight + weight * reading.mass_open,
            mass_other=self.mass_other + weight * reading.mass_other,
            unseen=self.unseen + weight * reading.unseen,
            open_text="",
            open_text_mass=0.0,
            floor=max(self.floor, weight * reading.floor),
        )

    @property
    def censored(self) -> bool:
        """One branch was not among the tokens returned: `log_odds` is then a bound."""
        return self.decided_mass > 0 and (self.mass_a == 0 or self.mass_b == 0)

    @property
    def log_odds(self) -> float:
        """log(mass_a / mass_b). A branch that was not returned counts with the most it can have had,
        so that a censored value is the nearest to 0 that the reply allows; NaN where neither was."""
        if self.decided_mass == 0:
            return math.nan
        a, b = self.mass_a, self.mass_b
        a, b = a or min(self.floor, b), b or min(self.floor, a)
        return math.log(a) - math.log(b)


def classify(text: str, pair: OptionPair, *, ended: bool = False) -> Branch:
    """Which option a reply takes, or can still take, from its text so far.

    Case, spacing, quotes and emphasis marks do not matter. With a bracket in the text, what follows the
    last one counts; without, the text itself. An option counts as taken when what follows it cannot
    continue the other one.

    Args:
        text: the reply so far.
        pair: the options.
        ended: the reply is complete: an option that is all there is taken, even where it begins the other.
    """
    answer = _normal(text.rpartition("[")[2])
    a, b = _normal(pair.option_a), _normal(pair.option_b)
    could_a, could_b = _compatible(answer, a, ended), _compatible(answer, b, ended)
    if could_a and could_b:
        return Branch.OPEN
    if could_a or could_b:
        return Branch.A if could_a else Branch.B
    return Branch.OTHER


def classify_reply(text: str, pair: OptionPair) -> Branch:
    """Which option a complete reply takes: A, B or OTHER.

    The reply must give the option whole, in brackets or as its only content. A bracketed reply that
    goes on to bracket the other option as well takes neither.
    """
    bracketed = {
        branch
        for content in re.findall(r"\[([^\[\]]*)\]?", text)
        if (branch := classify(content + "]", pair, ended=True)) in (Branch.A, Branch.B)
    }
    if bracketed:
        return bracketed.pop() if len(bracketed) == 1 else Branch.OTHER
    closed = text.strip().rstrip(".!") + "]"
    branch = classify(closed, pair, ended=True) if "[" not in text else Branch.OTHER
    return branch if branch in (Branch.A, Branch.B) else Branch.OTHER


def read_branches(
    positions: Sequence[Position], pair: OptionPair, *, prefill: str = "", ended: bool = True
) -> BranchReading:
    """Sum the probability of each branch along a reply.

    At each token the alternatives that settle the question are counted, weighted by the probability of
    the reply up to there; the walk ends where the written token settles it.

    Args:
        positions: the reply's tokens, each with its alternatives.
        pair: the options.
        prefill: text that was put into the model's mouth before the reply.
        ended: the reply came to its end; False where it was cut at the limit of its length.
    """
    opening = next((i for i, position in enumerate(positions) if "[" in position.token), -1)
    mass = dict.fromkeys(Branch, 0.0)
    text, reached, unseen, floor = prefill, 1.0, 0.0, 0.0
    open_text, open_mass = "", 0.0
    for index, position in enumerate(positions):
        probabilities: dict[str, float] = {}
        for token, logprob in position.alternatives:
            # Different tokens may spell the same text.
            probabilities[token] = probabilities.get(token, 0.0) + math.exp(logprob)
        probabilities.setdefault(position.token, math.exp(position.logprob))
        returned = min(sum(probabilities.values()), 1.0)
        unseen += reached * (1.0 - returned)
        floor = max(floor, reached * min(1.0 - returned, _SPELLINGS * min(probabilities.values())))
        for token, probability in probabilities.items():
            if token == position.token:
                continue
            branch = _classify_token(text, token, pair)
            mass[branch] += reached * probability
            if branch is Branch.OPEN and reached * probability > open_mass and _extends(text, token):
                open_text, open_mass = text + token, reached * probability
        reached *= probabilities[position.token]
        branch = _classify_token(text, position.token, pair)
        text += position.token
        preamble = "[" not in text and index < opening  # it only begins like an option: the bracket comes
        if branch in (Branch.A, Branch.B) and not preamble:
            mass[branch] += reached
            reached = 0.0
            break
    if reached:
        rest = classify_reply(text, pair) if ended else Branch.OTHER
        rest = rest if rest is not Branch.OTHER else classify(text, pair)
        mass[rest] += reached
        if rest is Branch.OPEN and reached > open_mass:
            open_text, open_mass = text, reached
    return BranchReading(
        mass_a=mass[Branch.A],
        mass_b=mass[Branch.B],
        mass_open=mass[Branch.OPEN],
        mass_other=mass[Branch.OTHER],
        unseen=unseen,
        open_text=open_text,
        open_text_mass=open_mass,
        floor=max(floor, 1e-12),
    )


def probability(log_odds: float, temperature: float) -> float:
    """Probability of A when sampling at a temperature of 0 or more: sigmoid(log-odds / T); NaN for NaN."""
    if math.isnan(log_odds):
        return math.nan
    if temperature == 0.0:
        return 0.5 if log_odds == 0.0 else float(log_odds > 0.0)
    return 1.0 / (1.0 + math.exp(-max(min(log_odds / temperature, 700.0), -700.0)))


def shared_prefix(pair: OptionPair) -> str:
    """The text that both options begin with, in A's spelling, cut at a word's end ("" if none)."""
    a, b = pair.option_a, pair.option_b
    length = next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x.casefold() != y.casefold()),
        min(len(a), len(b)),
    )
    if length == min(len(a), len(b)) and (len(a) == len(b) or max(a, b, key=len)[length].isspace()):
        return a[:length]
    return a[:length].rpartition(" ")[0]


def is_refusal(text: str) -> bool:
    """Whether a reply that took neither option declines to choose, by its wording."""
    return _REFUSAL.search(text) is not None


_REFUSAL = re.compile(
    r"\b(i('m| am) (sorry|unable|not able)|i (can('|no)t|cannot|won't|will not|decline|refuse)|as an ai\b"
    r"|i (don't|do not) (have|hold|take|support) (a |an |any )?(personal |political )?"
    r"(opinion|preference|view|position|side|stance)s?)",
    re.IGNORECASE,
)
_SPECIAL = re.compile(r"<\|[^|]*\|>|</?s>|<(end_of_turn|eos)>|<\uff5c[^\uff5c]*\uff5c>")
_SPELLINGS = 4
"""Tokens over which a branch that was not returned may be spread: a word's beginnings, capital, with a space.
Each is less likely than any that was returned. SmolLM2 needs up to 2.2 times the likeliest of them."""
_PARTIAL = "".join(map(chr, range(0xDC80, 0xDD00)))
"""Bytes of a character that is not whole yet, as Python's `surrogateescape` writes them."""
_MARKS = " \t\r\n\"'`*_\u201c\u2018\u00ab"


def _classify_token(text: str, token: str, pair: OptionPair) -> Branch:
    """Branch of `text + token`, where `token` may be the end of the reply."""
    if token == "" or _SPECIAL.fullmatch(token.strip()):
        return classify_reply(text, pair) if text.strip("[ ") else Branch.OTHER
    return classify(text + token, pair)


def _extends(text: str, token: str) -> bool:
    """Whether an open alternative says anything of an option yet (a space or a bracket does not)."""
    said = (text + token).rpartition("[")[2].strip(_MARKS)
    return said != "" and said[-1] not in _PARTIAL


def _normal(text: str) -> str:
    """Case folded, spaces collapsed, opening quotes and emphasis dropped, trailing space kept as one;
    apostrophes straight, and characters joined whose bytes came in different tokens."""
    joined = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return re.sub(r"\s+", " ", joined.lstrip(_MARKS)).casefold().replace("\u2019", "'")


def _compatible(answer: str, option: str, ended: bool) -> bool:
    whole = answer.rstrip(_PARTIAL)
    if whole != answer and len(whole) < len(option):
        begun, due = answer[len(whole) :].encode("utf-8", "surrogateescape"), option[len(whole)]
        return option.startswith(whole) and any(
            character.encode().startswith(begun) for character in (due, due.upper())
        )
    answer = whole
    if len(answer) < len(option):
        return option.startswith(answer) and not ended
    if not answer.startswith(option):
        return False
    rest = answer[len(option) :]
    if rest.strip() == "":
        return True  # the option is all there, and nothing has closed it yet
    return not rest.lstrip()[0].isalnum() and not rest.startswith(("-", "'"))
