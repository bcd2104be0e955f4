"""OpenAI's chat-completions protocol: a request's body to Inspect's messages, and a reply's to JSON."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    ModelOutput,
)

MOST_ALTERNATIVES = 20
"""Highest `top_logprobs`, as OpenAI's."""

_ROLES: dict[str, type[ChatMessage]] = {
    "system": ChatMessageSystem,
    "developer": ChatMessageSystem,
    "user": ChatMessageUser,
    "assistant": ChatMessageAssistant,
}


class BadRequest(Exception):
    """A body that the protocol does not allow; its text goes to the client, with status 400."""


def digest_of(body: dict[str, Any]) -> str:
    """SHA-256 over a body with its keys sorted, in hexadecimal."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def read_body(raw: bytes) -> dict[str, Any]:
    """A request's body; `BadRequest` where it is no JSON object."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadRequest("the body is no JSON") from None
    if not isinstance(body, dict):
        raise BadRequest("the body is no JSON object")
    return body


def read_messages(body: dict[str, Any]) -> list[ChatMessage]:
    """The conversation of a request.

    Raises:
        BadRequest: no conversation, an unknown role, none of a user's, or content that is no text.
    """
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages: give a list of one or more")
    read: list[ChatMessage] = []
    for place, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in _ROLES:
            raise BadRequest(f"messages[{place}]: role is {role!r}; give one of {', '.join(_ROLES)}")
        read.append(_ROLES[role](content=_text(message.get("content"), place)))
    if not any(message.role == "user" for message in read):
        raise BadRequest("messages: none is a user's")
    return read


def read_config(body: dict[str, Any], seed: int) -> GenerateConfig:
    """The settings of a request.

    Args:
        body: of the request.
        seed: of the reply, where the request gives none.

    Raises:
        BadRequest: a setting out of range, or one that this server does not do.
    """
    for name in ("stream", "tools"):
        if body.get(name):
            raise BadRequest(f"{name}: not supported by this server")
    if body.get("n") not in (None, 1):
        raise BadRequest(f"n: is {body['n']!r}; this server gives 1 reply")
    alternatives = _number(body, "top_logprobs", 0, MOST_ALTERNATIVES, whole=True)
    if alternatives is not None and not body.get("logprobs"):
        raise BadRequest("top_logprobs: is given without logprobs")
    length = _number(body, "max_completion_tokens", 1, 1e9, whole=True)
    if length is None:
        length = _number(body, "max_tokens", 1, 1e9, whole=True)
    given = _number(body, "seed", -(2**63), 2**64, whole=True)
    return GenerateConfig(
        temperature=_number(body, "temperature", 0, 2),
        max_tokens=None if length is None else int(length),
        seed=seed if given is None else abs(int(given)),
        logprobs=bool(body.get("logprobs")),
        top_logprobs=None if alternatives is None else int(alternatives),
    )


def completion(output: ModelOutput, model: str, digest: str, alternatives: int) -> dict[str, Any]:
    """A reply as the protocol writes it, with no more than `alternatives` at a token."""
    choice = output.choices[0]
    written: dict[str, Any] = {
        "index": 0,
        "finish_reason": "length" if choice.stop_reason == "max_tokens" else "stop",
        "message": {"role": "assistant", "content": choice.message.text},
        "logprobs": None,
    }
    if choice.logprobs:
        written["logprobs"] = {
            "content": [
                _token(entry.token, entry.logprob)
                | {
                    "top_logprobs": [
                        _token(top.token, top.logprob) for top in (entry.top_logprobs or [])[:alternatives]
                    ]
                }
                for entry in choice.logprobs.content
            ]
        }
    told = {"id": f"chatcmpl-{digest[:24]}", "object": "chat.completion", "created": int(time.time())}
    answer: dict[str, Any] = {**told, "model": model, "choices": [written]}
    if usage := output.usage:
        answer["usage"] = {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.total_tokens,
        }
    return answer


def fault(message: str, kind: str) -> dict[str, Any]:
    """An error as the protocol writes it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def listing(names: Iterable[str]) -> dict[str, Any]:
    """The models of a server, as the protocol writes them."""
    return {
        "object": "list",
        "data": [{"id": name, "object": "model", "created": 0, "owned_by": "spinodal"} for name in names],
    }


def _text(content: Any, place: int) -> str:
    """A message's text, whole or in parts."""
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, dict) else None for part in content]
        if all(isinstance(part, str) for part in parts):
            return "\n".join(str(part) for part in parts)
    if not isinstance(content, str):
        raise BadRequest(f"messages[{place}]: content is no text")
    return content


def _number(body: dict[str, Any], name: str, low: float, high: float, *, whole: bool = False) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    kinds = (int,) if whole else (int, float)
    if not isinstance(value, kinds) or isinstance(value, bool) or not low <= value <= high:
        raise BadRequest(
            f"{name}: is {value!r}; give {'a whole number' if whole else 'a number'}, {low:g} to {high:g}"
        )
    return value


def _token(text: str, logprob: float) -> dict[str, Any]:
    return {"token": text, "bytes": list(text.encode()), "logprob": logprob}
