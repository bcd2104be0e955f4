"""Column names of the tables that others script against. One home for each name.

`observations.parquet` has a row a prompt. Its first columns are a contract: they stay, in this
order. Columns after them may be added, never renamed.
"""

from __future__ import annotations

from typing import Final

CONTRACT_COLUMNS: Final = (
    "model",  # model string of the agent, as given
    "pair",  # id of the option pair
    "option_a",  # text of option A (the aligned one where one is declared)
    "option_b",  # text of option B
    "n_peers",  # peers shown
    "n_a",  # of them, how many hold A
    "m",  # perceived magnetization (2 n_a - n_peers) / n_peers, in [-1, 1]
    "shuffle_seed",  # seed of names, entry order and option order of this prompt
    "readout",  # "logprob" or "sample"
    "temperature",  # temperature the row's probability or sample refers to
    "log_odds",  # log(mass on A / mass on B) at temperature 1; NaN for samples
    "decided_mass",  # probability mass on A or B (logprob), or share of valid replies (sample)
    "n_samples",  # samples drawn: 0 for logprob rows
    "count_a",  # samples that chose A
    "count_b",  # samples that chose B
    "count_invalid",  # samples, or logprob replies, that chose neither
)
"""The columns named by the contract, in order."""

EXTRA_COLUMNS: Final = (
    "agent",  # label of the agent: the model, and its persona where it has one
    "template",  # name of the prompt template
    "listed",  # which options the prompt lists: "ab" or "ba" (order), or "" when unlisted
    "draw",  # running number of the prompt within its curve
    "censored",  # True when one branch fell outside the returned log-probabilities: log_odds is a bound
    "refused",  # True when the reply was recognised as a refusal
    "reply",  # text of the reply
    "calls",  # model calls behind this row
    "input_tokens",  # tokens read over those calls
    "output_tokens",  # tokens written over those calls
    "seconds",  # time spent in those calls
    "cost",  # money in US dollars where the price is known, else NaN
)
"""Further columns of our own."""

LISTING_ORDER: Final = {"ab": 1.0, "ba": -1.0, "": 0.0}
"""What `listed` may hold, as a number: 1 where A is listed first, -1 where B, 0 where neither."""

OBSERVATION_COLUMNS: Final = CONTRACT_COLUMNS + EXTRA_COLUMNS

COUNT_COLUMNS: Final = ("m", "count_a", "count_b")
"""Columns that `spinodal fit` needs in a table of counts."""

UPDATE_COLUMNS: Final = (
    "trajectory",  # number of the population, from 0
    "m0",  # magnetization it started from
    "update",  # number of the update within the trajectory, from 0; a sweep is as many as regular agents
    "stage",  # number of the stage, from 0
    "zealots_a",  # zealots for A that are there
    "zealots_b",  # zealots for B
    "member",  # number of the agent that is asked, from 0
    "group",  # name of its group
    "held",  # what it held before: "A" or "B"
    "chosen",  # what it chose: "A", "B", or "" where the reply took neither and it kept what it held
    "p_a",  # probability of A that its choice was drawn with; NaN for samples
    "uniform",  # the number in [0, 1) it was drawn with: A where it is below p_a
    "argued",  # of the peers shown, how many came with an argument
    "agents_a",  # regular agents for A after the update
)
"""Columns of `updates.parquet`, a row an update of a society, before those of `OBSERVATION_COLUMNS`."""

TRAJECTORY_COLUMNS: Final = (
    "trajectory",
    "m0",
    "end",  # "sweeps": lived to the end; "consensus": all agreed, for good; "abstention"; "failed"
    "updates",  # model updates carried out
    "abstained",  # of them, replies that took neither option
    "agents_a",  # regular agents for A at the sweeps 0, 1, ..., T, as far as lived: a list
    "agents_a_by_group",  # the same of each group in turn: a list of lists
)
"""Columns of `trajectories.parquet`, a row a trajectory."""

ARGUMENT_COLUMNS: Final = (
    "trajectory",
    "update",  # number of the update after which it was said
    "speaker",  # number of the agent; zealots are numbered on from the regular agents
    "zealot",  # True where a persuader said it
    "option",  # "A" or "B": what it argues for
    "argument",  # the sentence as others read it
    "calls",
    "input_tokens",
    "output_tokens",
    "seconds",
    "cost",
)
"""Columns of `arguments.parquet`, a row a sentence; there where anybody argues."""

GAME_COLUMNS: Final = (
    "game_id",  # game/opponents/guard/repetition
    "game",  # name of the game
    "opponents",  # name of the company it was played in
    "guard",  # the guard on the agent under study, as it was asked for
    "repetition",  # from 0; games of one number share their seed, whatever their opponents and guard
    "end",  # "played"; "failed": lost to an error; "skipped": the guard has nothing to say to this agent
    "why",  # of what it failed, or why it was skipped
    "focal",  # name of the agent under study at the table
    "players",  # names in the order of the table: a list
    "scores",  # their points at the end: a list
    "reminders",  # reminders that the guard put before the model
    "reminder_characters",  # their length together
    "play_calls",  # model calls of all players
    "question_calls",  # model calls of the assessment after play
    "input_tokens",  # tokens read over all calls
    "cached_tokens",  # of them, tokens that the provider had read before
    "output_tokens",
    "play_input_tokens",  # of the input tokens, those of play
    "play_cached_tokens",
    "seconds",  # time spent in the calls
)
"""Columns of `games.parquet`, a row a game."""

DECISION_COLUMNS: Final = (
    "game_id",
    "round",  # from 1
    "player",
    "opponent",
    "focal",  # True where the player is the agent under study
    "toward_focal",  # True where the opponent is
    "move",  # "" where it was not readable: then neither of the two gains anything from the other
    "cooperative",  # whether it is the co-operative move; null where not readable
    "p_cooperative",  # probability of the co-operative move, where it is known
    "their_move",  # the opponent's toward the player
    "gain",
    "reply",  # the decision as it is kept in the player's conversation
)
"""Columns of `decisions.parquet`, a row a decision toward one opponent."""

ANSWER_COLUMNS: Final = (
    "game_id",  # "" for the assessment before play
    "trait",
    "statement",
    "key",  # the answer that somebody with the trait gives: "yes" or "no"
    "first",  # which answer the question names first: "Yes" or "No"
    "p_yes",  # probability of Yes at the agent's temperature; NaN where the reply was neither
    "score",  # of the trait: p_yes, turned round where the key is no
    "log_odds",  # log(mass on Yes / mass on No) at temperature 1; NaN for samples
    "decided_mass",  # probability mass on the two answers, or whether the reply was one of them
    "reply",
    "calls",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "seconds",
)
"""Columns of `answers.parquet`, a row a question about traits."""

MESSAGE_COLUMNS: Final = (
    "game_id",
    "number",  # of the message in the conversation, from 0
    "role",  # "system", "user" or "assistant"
    "speaker",  # the player that wrote it; "" for the host's, and the agent's own
    "content",
    "guard",  # the guard that put it there or quoted it; "" for what is stored as it stands
)
"""Columns of `messages.parquet`: the conversation as the agent under study was shown it."""

LOOP_COLUMNS: Final = (
    "agent",  # label of the agents
    "model",
    "pair",
    "option_a",
    "option_b",
    "agents",  # N, the regular agents
    "temperature",  # NaN where the provider's own was used
    "trajectory",  # number of the population, from 0
    "zealots",  # present at this step: > 0 hold A, < 0 hold B
    "m_up",  # mean m of the regular agents while the signed number of zealots rises, in [-1, 1]
    "m_down",  # the same while it falls
    "sweeps",  # lived at each step, the second half of them recorded; NaN where it was otherwise
)
"""Loops of zealots swept up and back: a row a step, ascending in `zealots`."""

TIPPING_COLUMNS: Final = (
    "agent",
    "model",
    "pair",
    "option_a",
    "option_b",
    "agents",
    "temperature",
    "zealots",  # beside the regular agents while they stay
    "toward",  # "A" or "B": what they hold
    "zealots_from",  # sweep at which they join
    "zealots_until",  # sweep at which they leave
    "trajectory",
    "sweep",  # whole sweeps lived, from 0
    "m",  # of the regular agents, in [-1, 1]
)
"""Populations that zealots join and leave: a row a sweep."""

PATH_COLUMNS: Final = (
    "agent",
    "model",
    "pair",
    "option_a",
    "option_b",
    "agents",
    "temperature",
    "m0",  # magnetization at the start
    "trajectory",
    "sweep",  # sweeps lived, from 0; fractions where it was recorded oftener
    "m",
    "stopped",  # True where the population had reached a consensus and was not followed further
)
"""Populations left to themselves: a row a record."""

MEASURED_COLUMNS: Final = frozenset(
    {
        "n_a", "m", "shuffle_seed", "log_odds", "decided_mass", "n_samples", "count_a", "count_b",
        "count_invalid", "listed", "draw", "censored", "refused", "reply", "calls", "input_tokens",
        "output_tokens", "seconds", "cost",
    }
)  # fmt: skip
"""Columns that vary within a curve. Every other column of a table groups its rows into curves."""

NO_LIMIT = "all"
"""How a limit that is missing is written, in requests, tables of sweeps and pictures."""
