"""Tiny models that write, the tokenizers they write with, and lm-eval's requests."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from contracts.evaluation import Engine
from services.evaluator.protocol import Generation, Slice
from services.evaluator.scoring.slices import Course
from services.evaluator.scoring.stock import batches_of
from services.evaluator.usage import Usage
from services.evaluator.writing.answers import answers
from services.evaluator.writing.run import Run
from services.evaluator.writing.stock import StockWriter
from services.evaluator.writing.writer import Writer
from tests.integration.evaluator.scoring.architectures import TREE, random_model

TOKENS = 300


class WritingModel(HFLM):
    """lm-eval's own backend with one writer, watched."""

    def __init__(self, model: PreTrainedModel, tokenizer: Any, **options: Any) -> None:
        super().__init__(
            pretrained=model, tokenizer=tokenizer, device="cpu", **{"batch_size": 4} | options
        )
        self.usage = Usage()
        self.slices: list[Slice] = []
        self.announced: list[tuple[int, int]] = []
        self.model.register_forward_pre_hook(self._count, with_kwargs=True)

    def texts(
        self,
        requests: list[Instance],
        writer: Callable[["WritingModel"], Writer] = StockWriter,
        *,
        finished: Iterable[Slice] = (),
        stopping: Callable[[], bool] = lambda: False,
    ) -> list[str]:
        self.usage = Usage()
        chosen = writer(self)
        self.usage.engine = Engine(name=chosen.name)
        run = Run(
            self,
            requests,
            chosen,
            StockWriter(self),
            setting="test",
            course=self._course(finished, stopping),
            usage=self.usage,
        )
        with batches_of(self, 1 << 30):
            return self._through(run, requests)

    def answers(
        self, requests: list[Instance], wanted: Generation, folder: Path | None = None
    ) -> list[str]:
        self.usage = Usage()
        return answers(
            self,
            requests,
            lambda run: self._through(run, requests),
            wanted=wanted,
            folder=folder,
            setting="test",
            course=self._course((), lambda: False),
            usage=self.usage,
        )

    def _course(self, finished: Iterable[Slice], stopping: Callable[[], bool]) -> Course:
        return Course(
            "task",
            tuple(finished),
            self.slices.append,
            lambda done, total: self.announced.append((done, total)),
            stopping,
        )

    def _through(self, run: Run, requests: list[Instance]) -> list[str]:
        self._run = run
        texts: list[str] = self.generate_until(requests, disable_tqdm=True)
        return texts

    def _model_generate(
        self, context: torch.Tensor, max_length: int, stop: list[str], **options: Any
    ) -> torch.Tensor:
        return self._run.complete(context, max_length=max_length, stop=stop, **options)

    def _count(self, _: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        tokens = arguments[0] if arguments else options["input_ids"]
        self.usage.forwarded_tokens += tokens.numel()


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """Tokens are bytes and some pairs of them, so that characters lie across several."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=TOKENS,
        special_tokens=["<s>", "</s>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["the rain in the plain, the answer in the end"], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )


def random_llama() -> PreTrainedModel:
    kind, sizes = TREE["llama"]
    return random_model(kind, {**sizes, "vocab_size": TOKENS})


def reciting_model(script: list[int]) -> PreTrainedModel:
    """Writes the script over and over, from wherever in it the prompt ends. A script says no token
    twice."""
    assert len(set(script)) == len(script)
    torch.manual_seed(0)
    size = 64
    model: Any = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=TOKENS,
            hidden_size=size,
            intermediate_size=size,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=512,
            bos_token_id=0,
            eos_token_id=1,
        )
    )
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        rows = torch.nn.functional.normalize(torch.randn(TOKENS, size))
        model.model.embed_tokens.weight.copy_(rows)
        model.lm_head.weight.zero_()
        for token, following in pairwise([*script, script[0]]):
            model.lm_head.weight[following] = rows[token]
    reciting: PreTrainedModel = model
    return reciting


def request(context: str, **options: Any) -> Instance:
    return Instance("generate_until", {}, (context, options), 0)
