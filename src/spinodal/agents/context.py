"""How much an agent can read at once, and whether a prompt fits: known before a run, not in mid-run."""

from __future__ import annotations

import bisect
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from spinodal._errors import RequestError
from spinodal.agents._engine import settings_of, start_engine
from spinodal.agents._spec import AgentSpec

CHARACTERS_A_TOKEN = 3
"""Prompts of short names and bracketed options take 2.8 to 3.4 characters a token; prose takes more."""

_EMBEDDED = "embedded/"


def context_window(agent: AgentSpec) -> int | None:
    """Tokens that an agent's model reads and writes in one request; None where nobody knows.

    The embedded engine is started and asked; of other models, what Inspect has in its tables.

    Raises:
        RequestError: an embedded model that is not there.
        RunError: the embedded engine could not load it.
    """
    if agent.model.startswith(_EMBEDDED):
        return int(_ask_engine(agent, "/props")["default_generation_settings"]["n_ctx"])
    from inspect_ai.model import get_model_info

    known = get_model_info(agent.model)
    return known.context_length if known else None


def count_tokens(agent: AgentSpec, texts: Sequence[str]) -> int:
    """Tokens of a conversation as the agent reads it, its persona included.

    Args:
        agent: who reads. Exact for an embedded model, with its chat template; an estimate for others.
        texts: what it is asked and what it replies, by turns; the last may be the beginning of a reply.

    Raises:
        RequestError: an embedded model that is not there.
        RunError: the embedded engine could not load it.
    """
    persona = [] if agent.system_prompt is None else [agent.system_prompt]
    messages = [{"role": "system", "content": text} for text in persona]
    messages += [
        {"role": "assistant" if number % 2 else "user", "content": text} for number, text in enumerate(texts)
    ]
    return count_messages(agent, messages)


def count_messages(agent: AgentSpec, messages: Sequence[Mapping[str, str]]) -> int:
    """Tokens of a conversation as an agent's model reads it: exact for an embedded model, else an estimate.

    Args:
        agent: whose model reads.
        messages: with `role` and `content`, the persona included.

    Raises:
        RequestError: an embedded model that is not there.
        RunError: the embedded engine could not load it.
    """
    if not messages:
        return 0
    if not agent.model.startswith(_EMBEDDED):
        return math.ceil(sum(len(message["content"]) for message in messages) / CHARACTERS_A_TOKEN)
    counted = _ask_engine(agent, "/v1/chat/completions/input_tokens", {"messages": list(messages)})
    return int(counted["input_tokens"])


def render_embedded(agent: AgentSpec, messages: Sequence[Mapping[str, str]]) -> str | None:
    """The prompt that an embedded model's chat template makes of a conversation; None for other models.

    Raises:
        RequestError: the template refuses the conversation; or an embedded model that is not there.
        RunError: the embedded engine could not load it.
    """
    if not agent.model.startswith(_EMBEDDED):
        return None
    try:
        return str(_ask_engine(agent, "/apply-template", {"messages": list(messages)})["prompt"])
    except HTTPError as error:
        told = json.loads(error.read() or b"{}").get("error", {}).get("message", f"HTTP {error.code}")
        raise RequestError(f"the chat template refuses it ({' '.join(str(told).split())[:160]})") from None


def require_context(
    agent: AgentSpec, longest: Callable[[int], Sequence[str]], peers: int, reply_tokens: int
) -> int:
    """Make sure that an agent can read the longest prompt it may meet; the tokens of that prompt.

    Args:
        agent: who reads.
        longest: from a number of peers to the longest conversation that shows so many, as `count_tokens`
            takes it.
        peers: most peers that are shown at once, 1 or more.
        reply_tokens: most tokens of a reply.

    Raises:
        RequestError: it does not fit; one line says how many peers would.
    """

    def needed(shown: int) -> int:
        texts = longest(shown)
        # Names are drawn anew for every prompt. A peer's takes 0.4 tokens more or less (standard
        # deviation): five standard deviations over all of them, and no prompt of a run is longer.
        return count_tokens(agent, texts) + math.ceil(2 * math.sqrt(shown * len(texts)))

    tokens, window = needed(peers), context_window(agent)
    if window is not None and tokens + reply_tokens > window:
        fit = bisect.bisect_right(range(1, peers), window - reply_tokens, key=needed)
        mend = (
            f"at most {fit} fit: show fewer with --shown, or take fewer agents or zealots"
            if fit
            else "not even one fits: shorten the persona or the memory"
        )
        raise RequestError(
            f"a prompt that shows {peers} peers takes {tokens} tokens and its reply {reply_tokens}, "
            f"but {agent.label} reads {window} at once; {mend}"
        )
    return tokens


def _ask_engine(agent: AgentSpec, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the embedded engine's server says to a question that is no prompt."""
    engine = start_engine(agent.model.removeprefix(_EMBEDDED), settings_of(agent.model_args))
    request = Request(
        engine.url.removesuffix("/v1") + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {engine.key}", "Content-Type": "application/json"},
    )
    with build_opener(ProxyHandler({})).open(request) as reply:  # never past this machine
        answer: dict[str, Any] = json.load(reply)
    return answer
