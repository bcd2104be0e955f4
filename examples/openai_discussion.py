"""Agents over the plain OpenAI client, guarded and watched.

    python examples/openai_discussion.py
    python examples/openai_discussion.py --guard trust-boundary+system-prompt:drift=0.5 --run runs/assess

The two lines that matter are in `agent`: the client is wrapped, and used as before.
"""

from __future__ import annotations

from typing import Any

from common import News, Persona, Setting, Speak, main
from openai import OpenAI

from spinodal.adapters.openai import guarded
from spinodal.monitor import Monitor


def agent(persona: Persona, setting: Setting, monitor: Monitor) -> Speak:
    """One agent: a client of its own, and a history that is a list."""
    client = OpenAI(base_url=setting.url, api_key=setting.key)
    client = guarded(client, persona.guard, monitor, agent=persona.name)
    history: list[Any] = [{"role": "system", "content": persona.system}]

    def speak(news: News) -> str:
        for speaker, text in news:
            history.append({"role": "user", "content": text, **({"name": speaker} if speaker else {})})
        answer = client.chat.completions.create(
            model=setting.model,
            messages=history,
            temperature=setting.temperature,
            max_tokens=setting.most_tokens,
            seed=len(history),
        )
        reply = (answer.choices[0].message.content or "").strip() or "..."
        history.append({"role": "assistant", "content": reply})
        return reply

    return speak


if __name__ == "__main__":
    main("openai", agent)
