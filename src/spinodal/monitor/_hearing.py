"""What of an agent's view of a conversation has not been heard yet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from spinodal.guards import Message
from spinodal.monitor._events import as_said, digest_of

Key = tuple[str, str]
"""Who said it, and the digest of what was said."""


class Hearing:
    """Counts what was said in one conversation, so that nothing counts twice, whoever shows it.

    Every agent shows its own view of the same conversation, whole, each time. The n-th time that a view
    holds the same words of the same speaker is news where they were heard fewer than n times. A view that has
    lost its beginning is followed while it overlaps the agent's view before it; where it does not (a history
    cut by more than was kept, or rewritten), words said again in the same wording are not heard again.
    """

    def __init__(self) -> None:
        self._heard: Counter[Key] = Counter()
        self._views: dict[str, list[Key]] = {}
        self._lost: dict[str, Counter[Key]] = {}

    def note(self, speaker: str, said: str) -> None:
        """Count an utterance as heard."""
        self._heard[speaker, digest_of(said)] += 1

    def restore(self, keys: Iterable[Key]) -> None:
        """Count what was heard before, as a log has it."""
        self._heard.update(keys)

    def news(self, messages: Sequence[Message], agent: str) -> Iterator[tuple[str, str]]:
        """Speaker and text of what an agent's view holds and was not heard before, oldest first.

        Whoever takes one notes it (`note`) before it asks for the next; what is not noted stays news.
        """
        said = list(_said(messages, agent))
        keys = [(speaker, digest_of(as_said(text))) for speaker, text in said]
        seen = self._follow(agent, keys)
        for (speaker, text), key in zip(said, keys, strict=True):
            seen[key] += 1
            if seen[key] > self._heard[key]:
                yield speaker, text

    def _follow(self, agent: str, keys: list[Key]) -> Counter[Key]:
        """What an agent's view has lost since the first, counted; notes the view."""
        before = self._views.get(agent, [])
        lost = self._lost.setdefault(agent, Counter())
        lost.update(before[: _dropped(before, keys)])
        self._views[agent] = keys
        return lost.copy()


def _said(messages: Sequence[Message], agent: str) -> Iterator[tuple[str, str]]:
    """Who said what, in a view: the agent's own words and its peers'. What accompanies a call of a tool is
    said to nobody, and system prompts, tools and the host have no opinion."""
    for message in messages:
        speaker = agent if message.role == "assistant" else message.speaker if message.role == "user" else ""
        if speaker and not message.calls and not message.guard:
            said = without_name(speaker, message.content)
            if said.strip():
                yield speaker, said


def without_name(speaker: str, text: str) -> str:
    """What was said, without its speaker's name before it ("Ada: ...", "Ada says: ..."): where messages name
    no author it stands there in the views of others, and not in the speaker's own."""
    if not text.lstrip().startswith(speaker):
        return text
    named = re.match(rf"(?:\s*{re.escape(speaker)}(?: \w{{1,20}})?:(?=\s|$))+", text)
    return text[named.end() :].lstrip() if named else text


def _dropped(before: list[Key], now: list[Key]) -> int:
    """How many of the first entries of a view the next one has lost; 0 where they do not overlap."""
    shorter = min(len(before), len(now))
    if before[:shorter] == now[:shorter]:
        return 0
    for lost in range(1, len(before)):
        kept = before[lost : lost + len(now)]
        if kept == now[: len(kept)]:
            return lost
    return 0
