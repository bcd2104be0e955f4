"""A provider's failures in one line, with nothing secret in it."""

from __future__ import annotations

import os
import re
from typing import Any

from inspect_ai.model._model import ModelGenerateError  # not public, but all that tells a rejection apart

from spinodal._errors import RequestError, RunError, SpinodalError

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD", re.IGNORECASE)
_MARKUP = re.compile(r"\[/?[a-z ]+\]")
_LONGEST = 240


def is_rejection(error: BaseException) -> bool:
    """Whether a provider refused the *form* of a request: another form may do. Not: down, or no access."""
    if isinstance(error, ModelGenerateError):
        return error.status_code in (None, 400, 413, 415, 422, 501)
    return isinstance(error, (NotImplementedError, TypeError, ValueError))


def explain(error: BaseException, model: str, base_url: str | None = None) -> SpinodalError:
    """Turn whatever a model call raised into an error of ours: one line, what and how to mend it."""
    error = _innermost(error)
    if isinstance(error, SpinodalError):
        return error
    at = f" at {base_url}" if base_url else ""
    name, text = type(error).__name__, _line(error)
    status = _status(error)
    if name == "PrerequisiteError":
        key = re.search(r"\b[A-Z0-9_]+_(API_KEY|BASE_URL|KEY|TOKEN)\b", text)
        what = f"set {key[0]} in the environment" if key else text
        return RequestError(f"{model}: {what}")
    if "not recognized" in text or "should be in the format" in text:
        return RequestError(
            f"unknown model {model!r}; give provider/name, as in openai/gpt-4o-mini, embedded/smollm2-135m "
            "or openai-api/NAME/MODEL for any compatible server"
        )
    if status in (401, 403):
        return RunError(f"{model}{at} refused the key (HTTP {status}); check the key in the environment")
    if status == 404:
        return RunError(f"{model}{at} was not found (HTTP 404); check the model's name and the address")
    if status == 429:
        return RunError(f"{model}{at} kept limiting the rate (HTTP 429); run the same command again later")
    if status is not None and status >= 500:
        return RunError(f"{model}{at} kept failing (HTTP {status}); run the same command again later")
    if name in ("APIConnectionError", "ConnectError", "ConnectionError", "APITimeoutError", "ConnectTimeout"):
        return RunError(f"cannot reach {model}{at}; check that the server is up and the address is right")
    if name in ("JSONDecodeError", "APIResponseValidationError", "OpenAIResponseError"):
        return RunError(f"{model}{at} answered with something that is no completion: {text}")
    if name in ("TypeError", "ValidationError"):  # the client tripped over a part that is missing
        return RunError(f"{model}{at} answered with something that is no completion ({name}: {text})")
    if name == "ModelGenerateError":
        return RunError(f"{model}{at} rejected the request: {text}")
    return RunError(f"{model}{at} failed: {name}: {text}")


def scrub(text: str) -> str:
    """Blank out every value that the environment holds under the name of a key."""
    for value in secret_values():
        text = text.replace(value, "***")
    return text


def secret_values() -> list[str]:
    """Values that the environment holds under the name of a key."""
    return [value for name, value in os.environ.items() if _SECRET_NAME.search(name) and len(value) >= 4]


def _innermost(error: BaseException) -> BaseException:
    """The error behind retries and task groups."""
    while True:
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        elif type(error).__name__ == "RetryError" and (last := getattr(error, "last_attempt", None)):
            inner = last.exception()
            if inner is None:
                return error
            error = inner
        else:
            return error


def _status(error: Any) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _line(error: BaseException) -> str:
    message = getattr(error, "provider_message", None) or str(error)
    text = " ".join(_MARKUP.sub("", scrub(str(message))).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
