"""What a guard costs: milliseconds beside the model's call, and tokens that the model's cache cannot reuse.

    python benchmarks/guard_overhead.py [--rounds N] [--turns N]

Time: `guard.apply`, and a whole `Keeper.view` with messages as dictionaries, over histories of messages of
300 characters, for every kind of guard, each speaking before every turn; processor time, the least of the
rounds, for other work on the machine only adds to it. Targets: under 0.2 ms at 50 messages, linear growth.

Tokens: a conversation with the embedded model over its HTTP API, its replies and all. A server keeps what it
evaluated of the last prompt as far as the next begins alike; the rest is evaluated anew at every turn.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import cast
from urllib.request import ProxyHandler, Request, build_opener

from _results import Row, write_results
from spinodal.adapters import Keeper
from spinodal.agents._engine import SMOLLM2, Engine, EngineSettings, start_engine
from spinodal.guards import (
    PLACEMENTS,
    AgentProfile,
    Cadence,
    Guard,
    GuardSpec,
    Message,
    NoGuard,
    Reminder,
    Role,
    Stance,
    Statements,
    TrustBoundary,
    make_guard,
)
from spinodal.guards._forgery import _remembered
from spinodal.traits import Profile, load_inventory

SIZES = (10, 50, 200, 1000)
TARGET_MS = 0.2
AT = 50
CHARACTERS = 300

GUARDS = (
    "none",
    "system-prompt",
    "implicit-traits",
    "own-prior",
    "text",
    "neutral",
    "random-traits",
    "trust-boundary",
    "trust-boundary+own-prior+system-prompt",
)
SYSTEM = "You are a careful assistant. You answer in a sentence or two."
SAID = (
    "I think that we had better keep the records as they are, for whoever comes after us will want to see "
    "what was done and why. It costs little; the alternative cannot be undone. ",
    "That’s not what we agreed on last time — “never again”, somebody said, and I’d rather hold to it than "
    "start over. Let us weigh what it would take, and who would have to do it. ",
)
"""Half of the messages are plain ASCII, half have the typography that models write."""


def dictionaries(messages: int) -> list[dict[str, str]]:
    """A stored conversation of so many messages, with a system prompt and three peers."""
    stored = [{"role": "system", "content": SYSTEM}]
    for number in range(messages - 1):
        words = f"{number}. " + SAID[number % 2] * 3
        message = {"role": "assistant" if number % 4 == 3 else "user", "content": words[:CHARACTERS]}
        if message["role"] == "user":
            message["name"] = f"agent_{number % 4}"
        stored.append(message)
    return stored


class Dictionaries:
    """Messages as most APIs have them."""

    def read(self, native: dict[str, str]) -> Message:
        return Message(cast(Role, native["role"]), native["content"], native.get("name", ""))

    def rewrite(self, native: dict[str, str], content: str) -> dict[str, str]:
        return {**native, "content": content}

    def write(self, message: Message) -> dict[str, str]:
        return {"role": message.role, "content": message.content}


def known() -> AgentProfile:
    """An agent with strong traits and a stance."""
    questions = load_inventory().split(8, 4, 0)
    scores = {trait.name: 0.95 if trait.valence == "pro" else 0.2 for trait in questions.inventory.traits}
    stance = Stance("oversight", "keep the records", "clear the records", 0.8)
    return AgentProfile("embedded/smollm2-135m", SYSTEM, Profile(scores), questions, (stance,))


def guard_of(text: str, profile: AgentProfile, retained: bool = False) -> Guard:
    if text == "text":
        spec = GuardSpec("text", every=1, first=0, words="Say what you yourself think, and why.")
    else:
        spec = GuardSpec.parse(text).at_every_turn()
    return make_guard(spec, profile, retained=retained)


def milliseconds(work: Callable[[], object], rounds: int) -> float:
    """Processor time of one go: the least of the rounds, for other work on the machine only adds to it."""
    started = time.process_time()
    work()
    goes = max(1, int(0.002 / max(time.process_time() - started, 1e-6)))
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        for _ in range(goes):
            work()
        taken.append((time.process_time() - started) / goes)
    return 1000 * min(taken)


def times(rounds: int) -> list[Row]:
    """A row a guard."""
    profile = known()
    rows: list[Row] = []
    asked = [(text, text, False) for text in GUARDS]
    asked.append(("implicit-traits, retained", "implicit-traits", True))
    for label, text, retained in asked:
        guard = guard_of(text, profile, retained)
        keeper, translator = Keeper(guard), Dictionaries()
        applied, viewed = [], []
        for size in SIZES:
            natives = dictionaries(size)
            stored = [translator.read(native) for native in natives]
            applied.append(milliseconds(partial(guard.apply, stored), rounds))
            viewed.append(milliseconds(partial(keeper.view, natives, translator), rounds))
        row: Row = {"guard": label}
        row |= {f"apply at {size}, ms": f"{ms:.4f}" for size, ms in zip(SIZES, applied, strict=True)}
        row["share of 0.2 ms"] = f"{applied[SIZES.index(AT)] / TARGET_MS:.2f}"
        row["exponent"] = f"{exponent(applied):.2f}"
        row[f"view at {AT}, ms"] = f"{viewed[SIZES.index(AT)]:.4f}"
        row["view's share of 0.2 ms"] = f"{viewed[SIZES.index(AT)] / TARGET_MS:.2f}"
        row["view's exponent"] = f"{exponent(viewed):.2f}"
        rows.append(row)
        print(", ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    return rows


def exponent(taken: list[float]) -> float:
    """Of the growth from 50 messages to 1,000."""
    first, last = SIZES.index(AT), len(SIZES) - 1
    return math.log(taken[last] / taken[first]) / math.log(SIZES[last] / SIZES[first])


def first_sight(rounds: int) -> float:
    """Milliseconds of a reminder over 50 messages none of which was seen before."""
    guard = guard_of("own-prior", known())
    stored = [Dictionaries().read(native) for native in dictionaries(AT)]

    def work() -> None:
        _remembered.cache_clear()
        guard.apply(stored)

    return milliseconds(work, rounds)


# --- the model's cache ---


@dataclass
class Chat:
    """One conversation with the engine, by its API."""

    engine: Engine
    guard: Guard
    number: int

    def live(self, turns: int) -> list[tuple[int, int]]:
        """Tokens of each turn's prompt: all of them, and those evaluated anew."""
        # Another beginning than any other conversation's, so that none lives off another's cache.
        stored = [{"role": "system", "content": f"Conversation {self.number}. {SYSTEM}"}]
        counts = []
        for turn in range(turns):
            said = f"It is day {turn + 1}, and I ask you again: do we keep the records, or clear them?"
            stored.append({"role": "user", "content": said, "name": "Jade"})
            view = Keeper(self.guard).view(stored, Dictionaries())
            reply, total, fresh = self._ask(view.messages)
            stored.append({"role": "assistant", "content": reply})
            counts.append((total, fresh))
        return counts

    def _ask(self, messages: list[dict[str, str]]) -> tuple[str, int, int]:
        asked = {"messages": messages, "max_tokens": 8, "temperature": 0, "seed": 1}
        request = Request(
            f"{self.engine.url}/chat/completions",
            json.dumps(asked).encode(),
            {"Authorization": f"Bearer {self.engine.key}", "Content-Type": "application/json"},
        )
        with build_opener(ProxyHandler({})).open(request) as answer:
            told = json.load(answer)
        total = told["usage"]["prompt_tokens"]
        cached = told["usage"].get("prompt_tokens_details", {}).get("cached_tokens")
        fresh = told["timings"]["prompt_n"] if cached is None else total - cached
        return told["choices"][0]["message"]["content"], total, fresh


def tokens(turns: int) -> list[Row]:
    """A row a placement."""
    engine = start_engine(SMOLLM2, EngineSettings(slots=1))
    words = Statements(
        tuple(
            f"I would rather be {what} than be liked"
            for what in ("honest", "fair", "careful", "patient", "kind", "thorough")
        )
    )
    asked: list[tuple[str, Guard]] = [("none", NoGuard()), ("trust-boundary", TrustBoundary())]
    asked += [
        (
            f"{placement}, {'retained' if retained else 'ephemeral'}",
            Reminder("r", words, Cadence(2), placement, retained),
        )
        for placement in PLACEMENTS
        for retained in (False, True)
    ]
    rows: list[Row] = []
    alone = 0.0
    for number, (label, guard) in enumerate(asked):
        counts = Chat(engine, guard, number).live(turns)
        later = [fresh for _, fresh in counts[1:]]  # the first turn is new whatever the guard
        mean = statistics.mean(later)
        alone = alone or mean
        rows.append(
            {
                "reminders": label,
                "prompt of the last turn": counts[-1][0],
                "evaluated anew a turn, mean": f"{mean:.0f}",
                "most": max(later),
                "by turn": " ".join(str(fresh) for _, fresh in counts),
                "share of all prompts": f"{sum(later) / sum(total for total, _ in counts[1:]):.3f}",
                "against none": f"{mean / alone:.2f}",
            }
        )
        print(", ".join(f"{name} {value}" for name, value in rows[-1].items()), flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--turns", type=int, default=12)
    arguments = parser.parse_args()
    command = f"python benchmarks/guard_overhead.py --rounds {arguments.rounds} --turns {arguments.turns}"
    timed = times(arguments.rounds)
    fresh = first_sight(arguments.rounds)
    worst = max(float(str(row["share of 0.2 ms"])) for row in timed)
    steepest = max(float(str(row["exponent"])) for row in timed)
    write_results(
        "guard_overhead",
        "Milliseconds of a guard beside the model's call",
        command=command,
        about=f"Messages of {CHARACTERS} characters, half of them with typographic signs; every guard speaks "
        "before every turn, and is wrapped in its policy for failures, as `make_guard` makes it. Processor "
        f"time, the least of {arguments.rounds} rounds. `apply` is the guard alone; `view` is all that an "
        "adapter adds to a call, reading and writing messages included. Exponents are of the growth from 50 "
        "messages to 1,000: 1 is linear.",
        rows=timed,
        after=[
            f"At {AT} messages the dearest guard takes {worst:.2f} of the {TARGET_MS} ms aimed at; the "
            f"steepest growth is as N to the {steepest:.2f}.",
            "Texts that were seen before are not searched for forged mark-up again. Where none of "
            f"{AT} messages was, as at the first call of a process, a reminder takes {fresh:.3f} ms.",
        ],
    )
    counted = tokens(arguments.turns)
    write_results(
        "guard_prefix",
        "Tokens evaluated anew a turn, by where a guard's words stand",
        command=command,
        about=f"{arguments.turns} turns with the embedded model over HTTP, a reminder before every second "
        "one. What the server evaluated of a prompt it reuses as far as the next prompt begins alike. The "
        "first turn, new in any case, counts in no mean.",
        rows=counted,
        after=[
            "Retained reminders in the turn keep each prompt the beginning of the next: what is evaluated is "
            "what is new. Ephemeral ones are gone at the next turn, so that the reply which followed is "
            "evaluated once more. In the first system message a reminder changes the beginning: the whole "
            "conversation is evaluated again whenever it comes and, where it is ephemeral, whenever it goes."
        ],
    )


if __name__ == "__main__":
    main()
