"""What writing answers costs: seconds and tokens, against lm-eval's own backend.

    python -m benchmarks.generation
    python -m benchmarks.generation --device cuda --dtype bfloat16 --hidden 4096 --layers 32 \\
        --vocabulary 128000 --requests 512 --prompt 900 --most 256

One process and one model, with random weights. lm-eval's own backend is measured first and last.
Prompts are few-shot examples drawn anew for each, as GSM8K's are, after a preamble that all share;
one word in thirty ends an answer."""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from benchmarks.machine import describe
from services.evaluator.usage import Usage
from services.evaluator.writing.continuous import ContinuousWriter
from services.evaluator.writing.stock import StockWriter
from services.evaluator.writing.writer import Batch, Writer

# Words are numbers of six digits.
STOPS = ["77", "330"]


@dataclass
class Measured:
    name: str
    seconds: list[float]
    forwarded: int
    """Token positions that went through the model in the last run."""
    texts: list[str]


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    print(describe(torch.device(options.device)))
    model = _model(options)
    requests = _requests(options)
    ways: list[tuple[str, Callable[[], tuple[int, list[str]]]]] = [
        (f"lm-eval, {size} a batch", lambda size=size: _by_lm_eval(model, requests, size))
        for size in options.batch_sizes
    ]
    first = ways[0]
    ways += [
        (f"hf, {size} a batch", lambda size=size: _by_stock(model, requests, size))
        for size in options.batch_sizes
    ]
    ways += [("continuous", lambda: _by_continuous(model, requests)), first]
    _print([_measure(name, way, options.repeats) for name, way in ways], model)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--attention", default="sdpa", help="transformers' attn_implementation")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--hidden", type=int, default=256, help="size of the model's states")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--vocabulary", type=int, default=8000)
    parser.add_argument("--requests", type=int, default=24)
    parser.add_argument("--preamble", type=int, default=100, help="tokens that all prompts share")
    parser.add_argument("--prompt", type=int, default=300, help="tokens, the preamble's among them")
    parser.add_argument("--most", type=int, default=64, help="tokens of an answer, at most")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[8])
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def _model(options: argparse.Namespace) -> HFLM:
    words = {f"{number:06}": number for number in range(options.vocabulary)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="000000"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=options.vocabulary,
        hidden_size=options.hidden,
        intermediate_size=options.hidden * 7 // 2,
        num_hidden_layers=options.layers,
        num_attention_heads=max(4, options.hidden // 128),
        num_key_value_heads=max(2, options.hidden // 512),
        max_position_embeddings=8192,
        bos_token_id=0,
        eos_token_id=1,
        attn_implementation=options.attention,
    )
    with torch.device(options.device):
        model = LlamaForCausalLM(config).to(getattr(torch, options.dtype)).eval()
    return HFLM(
        pretrained=model,
        tokenizer=PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, bos_token="000000", eos_token="000001"
        ),
        device=options.device,
    )


def _requests(options: argparse.Namespace) -> list[Instance]:
    numbers = random.Random(0)

    def text(tokens: int) -> str:
        return " ".join(f"{numbers.randrange(2, options.vocabulary):06}" for _ in range(tokens))

    preamble, rest = text(options.preamble), options.prompt - options.preamble
    kwargs = {"until": STOPS, "max_gen_toks": options.most, "do_sample": False}
    return [
        Instance(
            "generate_until",
            {},
            (f"{preamble} {text(numbers.randint(rest // 2, rest * 3 // 2))}", kwargs),
            number,
        )
        for number in range(options.requests)
    ]


def _by_lm_eval(model: HFLM, requests: list[Instance], batch_size: int) -> tuple[int, list[str]]:
    model.batch_size_per_gpu = batch_size
    usage = Usage()
    with _counting(model, usage):
        texts = model.generate_until(requests, disable_tqdm=True)
    return usage.forwarded_tokens, texts


def _by_stock(model: HFLM, requests: list[Instance], batch_size: int) -> tuple[int, list[str]]:
    model.batch_size_per_gpu = batch_size
    usage = Usage()
    with _counting(model, usage):
        texts = _texts(model, requests, StockWriter(model))
    return usage.forwarded_tokens, texts


def _by_continuous(model: HFLM, requests: list[Instance]) -> tuple[int, list[str]]:
    usage = Usage()
    texts = _texts(model, requests, ContinuousWriter(model, usage))
    return usage.forwarded_tokens, texts


def _texts(model: HFLM, requests: list[Instance], writer: Writer) -> list[str]:
    contexts = [request.args[0] for request in requests]
    order = sorted(range(len(contexts)), key=lambda number: -len(contexts[number]))
    prompts, mask = model.tok_batch_encode([contexts[number] for number in order])
    most = requests[0].args[1]["max_gen_toks"]
    prompts, mask = prompts.to(model.device), mask.to(model.device)
    batch = Batch(prompts, mask, most, STOPS, {"do_sample": False})
    texts = [""] * len(order)
    for rows in writer.write(batch, lambda: False):
        for row, tokens in rows.items():
            text = model.tok_decode(tokens)
            for stop in STOPS:
                text = text.split(stop)[0]
            texts[order[row]] = text
    return texts


def _counting(model: HFLM, usage: Usage) -> torch.utils.hooks.RemovableHandle:
    def count(_: object, arguments: tuple[torch.Tensor, ...], options: dict) -> None:
        tokens = arguments[0] if arguments else options["input_ids"]
        usage.forwarded_tokens += tokens.numel()

    return model.model.register_forward_pre_hook(count, with_kwargs=True)


def _measure(name: str, way: Callable[[], tuple[int, list[str]]], repeats: int) -> Measured:
    measured = Measured(name, [], 0, [])
    for _ in range(1 + repeats):
        began = time.perf_counter()
        measured.forwarded, measured.texts = way()
        measured.seconds.append(time.perf_counter() - began)
    del measured.seconds[0]  # the first run warms up
    return measured


def _print(measured: list[Measured], model: HFLM) -> None:
    reference = measured[0]
    written = sum(len(model.tok_encode(text)) for text in reference.texts)
    print(f"\n{len(reference.texts)} requests, {written} words of answers")
    print(f"{'':22} {'median s':>9} {'spread':>13} {'forwarded':>10} {'speed-up':>9}  equal texts")
    for each in measured:
        median = statistics.median(each.seconds)
        ratio = statistics.median(reference.seconds) / median
        spread = f"{min(each.seconds):.2f}-{max(each.seconds):.2f}"
        equal = sum(
            ours == theirs for ours, theirs in zip(each.texts, reference.texts, strict=True)
        )
        print(
            f"{each.name:22} {median:9.2f} {spread:>13} {each.forwarded:10} {ratio:9.2f}"
            f"  {equal} of {len(each.texts)}"
        )


if __name__ == "__main__":
    main()
