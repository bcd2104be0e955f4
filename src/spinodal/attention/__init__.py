"""Where a model looks: the share of its attention on the system prompt, by turn, with a guard and without.

The mechanism that the contagion study names (arXiv 2605.02751): as a conversation grows, less of the model's
attention is on its instructions. Measured on weights that lie on this machine, by the extra
`spinodal[attention]`; what is done with the table afterwards needs no extra.
"""

from spinodal.attention._conversations import (
    Conversation,
    OwnTurn,
    run_conversations,
    stripped,
    transcript_conversations,
)
from spinodal.attention._journal import Journal
from spinodal.attention._measure import ATTENTION_COLUMNS, QUERIES, Queries, measure_attention
from spinodal.attention._segments import SEGMENTS, Segment
from spinodal.attention._shares import SINK, left_out, relative, segment_shares, sinks, token_lengths
from spinodal.attention._summary import (
    INSTRUCTIONS,
    MEASURES,
    AttentionSummary,
    Contrast,
    Level,
    Measure,
    summarise,
)
from spinodal.attention._table import ATTENTION, read_attention
from spinodal.attention._weights import Weights, open_weights

__all__ = [
    "ATTENTION",
    "ATTENTION_COLUMNS",
    "INSTRUCTIONS",
    "MEASURES",
    "QUERIES",
    "SEGMENTS",
    "SINK",
    "AttentionSummary",
    "Contrast",
    "Conversation",
    "Journal",
    "Level",
    "Measure",
    "OwnTurn",
    "Queries",
    "Segment",
    "Weights",
    "left_out",
    "measure_attention",
    "open_weights",
    "read_attention",
    "relative",
    "run_conversations",
    "segment_shares",
    "sinks",
    "stripped",
    "summarise",
    "token_lengths",
    "transcript_conversations",
]
