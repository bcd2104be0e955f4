"""A model's own weights on this machine, and how its attention is read: the extra `spinodal[attention]`."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from spinodal._errors import RequestError, RunError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spinodal.response import FloatArray

EMBEDDED: Final = "embedded/"
_PACKAGES: Final = ("transformers", "torch")
_FOR_GGUF: Final = ("gguf", "accelerate")


class Weights(Protocol):
    """A model whose attention can be seen: the embedded model, or one that answers as a test wants it."""

    @property
    def name(self) -> str:
        """What tables and pictures call it."""

    @property
    def window(self) -> int | None:
        """Most tokens that it reads at once; None where nobody knows."""

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The prompt of a conversation, up to where the reply begins; `RequestError` where it is refused."""

    def tokens(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Tokens of a prompt, and the characters from and until of each."""

    def attend(
        self, ids: Sequence[int], positions: Sequence[int], take: Callable[[int, FloatArray], None]
    ) -> FloatArray:
        """Read a prompt, and hand over each layer's attention as soon as it is there.

        Args:
            ids: its tokens, n of them.
            positions: q query positions, from 0.
            take: called with the number of each layer and its attention, shape (q, n), averaged over heads.

        Returns:
            The norm of each token's hidden state before each layer, shape (layers, n).
        """


def open_weights(name: str, chat_template: Path | None = None) -> Weights:
    """Read a model's weights.

    Args:
        name: `embedded/smollm2-135m`, `embedded/PATH.gguf`, or the folder of a transformers model on this
            machine. Nothing is fetched.
        chat_template: a file with the chat template (Jinja) that stands in for the model's own.

    Raises:
        RequestError: no such model, a model behind an API, a missing package, or no chat template.
        RunError: transformers cannot load it.
    """
    folder, file = _place(name)
    _require(_PACKAGES + (_FOR_GGUF if file else ()))
    template = None
    if chat_template is not None:
        from spinodal.agents._engine import read_template

        template = read_template(chat_template)
    with _quiet():
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        where: dict[str, Any] = {"gguf_file": file} if file else {}
        where |= {"local_files_only": True, "trust_remote_code": False}
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, **where)
            model = AutoModelForCausalLM.from_pretrained(
                folder, attn_implementation="eager", dtype=torch.float32, **where
            )
        except Exception as error:
            raise RunError(f"transformers cannot load {name}: {error}") from error
    template = template or tokenizer.chat_template
    if template is None:
        raise RequestError(f"{name} has no chat template; name a file with one by --chat-template")
    if not tokenizer.is_fast:
        raise RequestError(f"the tokenizer of {name} does not say where its tokens stand; name another model")
    return _LocalModel(name, model.eval(), tokenizer, template)


@dataclass(frozen=True)
class _LocalModel:
    """A causal language model of transformers, computing attention in the plain way ("eager")."""

    name: str
    model: Any
    tokenizer: Any
    template: str

    @property
    def window(self) -> int | None:
        found = getattr(self.model.config, "max_position_embeddings", None)
        return None if found is None else int(found)

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        from jinja2 import TemplateError

        try:
            return str(
                self.tokenizer.apply_chat_template(
                    list(messages), chat_template=self.template, tokenize=False, add_generation_prompt=True
                )
            )
        except TemplateError as error:
            raise RequestError(
                f"the chat template of {self.name} refuses the conversation ({error}); place the guard's "
                "words elsewhere (placement=tagged-user), or name another model"
            ) from error

    def tokens(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        # The template has written every special token that belongs there.
        found = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        return list(found["input_ids"]), [(int(start), int(end)) for start, end in found["offset_mapping"]]

    def attend(
        self, ids: Sequence[int], positions: Sequence[int], take: Callable[[int, FloatArray], None]
    ) -> FloatArray:
        import torch

        at = torch.tensor(list(positions))
        told: set[int] = set()

        def hook(module: Any, arguments: Any, output: Any) -> None:
            weights = output[1] if isinstance(output, tuple) and len(output) > 1 else None
            if weights is not None and weights.ndim == 4:
                # Reduced at once: all layers together take heads x layers x n^2 numbers.
                told.add(module.layer_idx)
                take(int(module.layer_idx), weights[0][:, at].mean(dim=0).double().numpy())

        layers = [module for module in self.model.modules() if isinstance(_index(module), int)]
        hooks = [module.register_forward_hook(hook) for module in layers]
        try:
            with torch.inference_mode():
                # Without the head: nobody asks for the next token.
                found = self.model.base_model(
                    torch.tensor([list(ids)]), use_cache=False, output_hidden_states=True
                )
        finally:
            for one in hooks:
                one.remove()
        if not told:
            raise RunError(
                f"{self.name} does not hand out its attention; name a model of another architecture"
            )
        # The last state stands behind the last layer, normalised.
        norms = [state[0].norm(dim=-1).double().numpy() for state in found.hidden_states[:-1]]
        return np.asarray(norms, dtype=np.float64)


def _index(module: Any) -> Any:
    return getattr(module, "layer_idx", None)


def _place(name: str) -> tuple[Path, str | None]:
    """The folder of a model, and the file in it where it is a GGUF file."""
    if name.startswith(EMBEDDED):
        from spinodal.agents._engine import model_file

        file = model_file(name.removeprefix(EMBEDDED))
        return file.parent, file.name
    folder = Path(name).expanduser()
    if (folder / "config.json").is_file():
        return folder.resolve(), None
    raise RequestError(
        f"the weights of {name} are not on this machine, and attention is read from weights; "
        "give --model embedded/smollm2-135m, embedded/PATH.gguf, or the folder of a transformers model"
    )


def _require(packages: Sequence[str]) -> None:
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise RequestError(
            f"attention is read through transformers, and {missing[0]} is not installed; "
            "run `pip install 'spinodal[attention]'`"
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' bars and advice off the terminal while it loads; what goes wrong is raised."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(level)
