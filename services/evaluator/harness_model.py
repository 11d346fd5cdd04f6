"""A model as lm-eval's transformers backend holds it, answering through scoring/ and writing/."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from contracts.evaluation import Engine as Chosen
from services.evaluator.chat_template import limited
from services.evaluator.failures import EvaluationFault, blame_model
from services.evaluator.generation import check_room
from services.evaluator.protocol import Generation
from services.evaluator.scoring.choice import candidates, choices, first_line
from services.evaluator.scoring.compiling import (
    Compiled,
    DoesNotFitError,
    NoTokensError,
    compile_ids,
    compile_pairs,
)
from services.evaluator.scoring.engine import Answer, Engine
from services.evaluator.scoring.slices import UNWATCHED, Course, Stopping, answer
from services.evaluator.scoring.stock import StockEngine, batches_of
from services.evaluator.usage import Usage
from services.evaluator.writing.answers import answers
from services.evaluator.writing.run import Run

_ALL_AT_ONCE = 1 << 30


class HarnessModel(HFLM):
    """Prompts, metrics, filters and standard errors stay lm-eval's. Log-likelihoods come from the
    fastest engine that agrees with lm-eval's own, generated text from the fastest writer."""

    _model: Any
    course: Course = UNWATCHED
    """Of the task at hand."""

    def __init__(
        self,
        *,
        engine: Literal["auto", "hf"] = "auto",
        compiled_folder: Path | None = None,
        generation: Generation = "auto",
        files: Path | None = None,
        **options: Any,
    ) -> None:
        """`files` is the folder of the weights as they are evaluated, where there is one."""
        super().__init__(**options)
        self.usage = Usage()
        self._trusts_stock_only = engine == "hf"
        self._compiled_folder = compiled_folder
        self._generation: Generation = generation
        self._files = files
        self._asked_batch_size = self.batch_size_per_gpu
        self.model.register_forward_pre_hook(self._count_tokens, with_kwargs=True)

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        with limited(self.tokenizer):
            prompt: str = super().apply_chat_template(chat_history, add_generation_prompt)
        return prompt

    def loglikelihood(
        self, requests: list[Instance], disable_tqdm: bool = False
    ) -> list[tuple[float, bool]]:
        with self.usage.phase("compile"), _blaming_the_files():
            compiled = compile_pairs(
                self, [request.args for request in requests], self._compiled_folder
            )
        return self._answer(compiled)

    def loglikelihood_rolling(
        self, requests: list[Instance], disable_tqdm: bool = False
    ) -> list[float]:
        # lm-eval cuts its windows into batches before it asks for their tokens.
        with batches_of(self, _ALL_AT_ONCE):
            totals: list[float] = super().loglikelihood_rolling(requests, disable_tqdm)
        return totals

    def _loglikelihood_tokens(
        self,
        requests: list[tuple[tuple[str, str], list[int], list[int]]],
        disable_tqdm: bool = False,
        override_bs: int | None = None,
    ) -> list[tuple[float, bool]]:
        with self.usage.phase("compile"), _blaming_the_files():
            encoded = [
                (np.array(context, np.int32), np.array(continuation, np.int32))
                for _, context, continuation in requests
            ]
            compiled = compile_ids(encoded, self.max_length)
        with batches_of(self, self._asked_batch_size):
            return self._answer(compiled)

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        check_room([request.args[1] for request in requests], self.max_length, self.max_gen_toks)
        return answers(
            self,
            requests,
            lambda run: self._generate_through(run, requests),
            wanted=self._generation,
            folder=self._files,
            setting=self._setting(),
            course=self.course,
            usage=self.usage,
        )

    def _generate_through(self, run: Run, requests: list[Instance]) -> list[str]:
        self._run = run
        texts: list[str] = super().generate_until(requests, disable_tqdm=True)
        return texts

    def _model_generate(
        self, context: torch.Tensor, max_length: int, stop: list[str], **options: Any
    ) -> torch.Tensor:
        return self._run.complete(context, max_length=max_length, stop=stop, **options)

    def _answer(self, compiled: Compiled) -> list[Answer]:
        self.usage.stock_tokens += compiled.stock_tokens
        engines, failure = self._choices(compiled), None
        while True:
            with self.usage.phase("probe"):
                engine, self.usage.engine = engines.send(failure)
            try:
                with self.usage.phase("score"):
                    return answer(engine, compiled, self._setting(), self.course)
            except (EvaluationFault, Stopping, torch.AcceleratorError):
                raise
            except Exception as fault:  # whatever a model's own code does with an unusual call
                if isinstance(engine, StockEngine):
                    raise
                failure = first_line(fault)

    def _choices(self, compiled: Compiled) -> Generator[tuple[Engine, Chosen], str | None]:
        if not self._trusts_stock_only:
            yield from choices(self, compiled, candidates(self))
            return
        yield StockEngine(self), Chosen(name=StockEngine.name, reason="as the operator chose")

    def _setting(self) -> str:
        config = self.model.config
        quantization = getattr(config, "quantization_config", None)
        return f"{self.device.type}/{self.model.dtype}/{config._attn_implementation}/{quantization}"

    def _count_tokens(self, _: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        tokens = arguments[0] if arguments else options["input_ids"]
        self.usage.forwarded_tokens += tokens.numel()


@contextmanager
def _blaming_the_files() -> Iterator[None]:
    try:
        yield
    except NoTokensError as fault:
        raise blame_model(
            "tokenizer-empty", str(fault), "Upload the tokenizer that the model was trained with."
        ) from fault
    except DoesNotFitError as fault:
        raise blame_model(
            "context-too-short",
            str(fault),
            "Check max_position_embeddings in config.json and model_max_length in"
            " tokenizer_config.json; the board's tasks need more.",
        ) from fault
