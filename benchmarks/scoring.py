"""What scoring the real suites costs: tokens, exactly, and seconds, against lm-eval's own backend.

    python -m benchmarks.scoring --count        tokens forwarded, full suites, no model needed
    python -m benchmarks.scoring --compile      seconds before the first forward, cold and warm
    python -m benchmarks.scoring --time         seconds of scoring, one process, same model
    python -m benchmarks.scoring --time --device cuda --dtype bfloat16 --hidden 4096 --layers 32

Data come from ../shared/bench, text and model are made here. Everything lands in --work."""

import argparse
import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.suites import data_served, questions, random_llama, scored_tasks, tokenizer

if TYPE_CHECKING:
    from lm_eval.api.task import Task

    from services.evaluator.harness_model import HarnessModel
    from services.evaluator.scoring.compiling import Compiled

BOARDS = {"v1": "open-llm-v1", "v2": "open-llm-v2"}
# Documents of each lm-eval task when time is measured: a minute or so of lm-eval's own backend.
# Fewer of a subject than here would share its preamble too little to stand for all of it.
DOCUMENTS = {
    "arc": 16,
    "hellaswag": 24,
    "mmlu": 20,
    "truthfulqa": 40,
    "winogrande": 40,
    "bbh": 6,
    "gpqa": 14,
    "musr": 5,
    "mmlu-pro": 40,
}
SUBJECTS = {"mmlu": 2}
# Tokens forwarded by lm-eval for each of ours, at the least.
GOALS = {"v1": 4, "v2": 7.5, "bbh": 28, "mmlu": 7, "mmlu-pro": 5, "hellaswag": 3.5}


def main() -> None:
    options = _options()
    with data_served(options.work):
        import torch

        from benchmarks.machine import describe

        torch.set_num_threads(options.threads)
        print(describe(torch.device(options.device)))
        if options.count:
            count(options)
        if options.compile:
            time_compiling(options)
        if options.time:
            time_scoring(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", action="store_true", help="count tokens of the full suites")
    parser.add_argument("--compile", action="store_true", help="time compiling the full suites")
    parser.add_argument("--time", action="store_true", help="time scoring of some documents")
    parser.add_argument("--suites", nargs="+", choices=BOARDS, default=list(BOARDS))
    parser.add_argument("--tasks", nargs="+", help="columns of the boards; all by default")
    parser.add_argument("--work", type=Path, default=Path("~/.cache/podium/benchmarks"))
    parser.add_argument("--vocabulary", type=int, help="of the tokenizer; 48000, 12000 for --time")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--hidden", type=int, default=256, help="size of the model's states")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--batch-sizes", nargs="+", default=["1", "8"], help="numbers, or `auto`")
    parser.add_argument("--scale", type=int, default=1, help="multiplies the documents timed")
    options = parser.parse_args()
    if not (options.count or options.compile or options.time):
        parser.error("say what to measure: --count, --compile or --time")
    options.work = options.work.expanduser()
    options.work.mkdir(parents=True, exist_ok=True)
    return options


def _columns(suite: str, options: argparse.Namespace) -> dict[str, list["Task"]]:
    columns = scored_tasks(BOARDS[suite])
    return {
        name: tasks for name, tasks in columns.items() if not options.tasks or name in options.tasks
    }


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────


def count(options: argparse.Namespace) -> None:
    """Tokens that go through the model for the full suites. Exact: no model is run."""
    from services.evaluator.scoring.compiling import compile_pairs

    model = _unused_model(options)
    print(
        f"\n{'task':12} {'requests':>9} {'lm-eval':>12} {'ours':>12} {'ratio':>7} {'goal':>6}"
        "   tokens forwarded, batch size 1"
    )
    for suite in options.suites:
        stock = ours = 0
        for name, tasks in _columns(suite, options).items():
            pairs = questions(tasks)
            compiled = compile_pairs(model, pairs, options.work / "compiled")
            _print_counts(name, len(pairs), compiled.stock_tokens, len(compiled.tree))
            stock, ours = stock + compiled.stock_tokens, ours + len(compiled.tree)
        if not options.tasks:
            _print_counts(suite, 0, stock, ours)


def _print_counts(name: str, requests: int, stock: int, ours: int) -> None:
    ratio, goal = stock / ours, GOALS.get(name)
    verdict = "" if goal is None else "  ok" if ratio >= goal else "  MISSED"
    counts = f"{requests or '':>9} {stock:12,} {ours:12,} {ratio:7.2f} {goal or '':>6}"
    print(f"{name:12} {counts}{verdict}", flush=True)


def _unused_model(options: argparse.Namespace) -> "HarnessModel":
    """Compiling asks a model for its tokenizer and its length."""
    tokens = tokenizer(options.work, options.vocabulary or 48_000)
    return random_llama(tokens, hidden=64, layers=1, device="cpu", dtype="float32")


# ── before the first forward ─────────────────────────────────────────────────────────────────────


def time_compiling(options: argparse.Namespace) -> None:
    """From loaded tasks to arrays, with nothing cached, and again with what that left behind."""
    model = _unused_model(options)
    for suite in options.suites:
        folder = options.work / "cold"
        for state in ("cold", "warm"):
            if state == "cold":
                shutil.rmtree(folder, ignore_errors=True)
            columns = _columns(suite, options)
            build, compile_ = _compile_all(model, columns, folder)
            print(
                f"{suite} {state}: {build:.1f} s to build prompts, {compile_:.1f} s to compile,"
                f" {build + compile_:.1f} s in all",
                flush=True,
            )
        print(f"{suite} lm-eval: {_tokenize_like_lm_eval(model, columns):.1f} s to tokenise")


def _compile_all(
    model: "HarnessModel", columns: dict[str, list["Task"]], folder: Path
) -> tuple[float, float]:
    from services.evaluator.prompts import kept_prompts
    from services.evaluator.scoring.compiling import compile_pairs

    build = compile_ = 0.0
    for tasks in columns.values():
        began = time.perf_counter()
        with kept_prompts(tasks, folder):
            pairs = questions(tasks, cached=True)
        built = time.perf_counter()
        compile_pairs(model, pairs, folder)
        build, compile_ = build + built - began, compile_ + time.perf_counter() - built
    return build, compile_


def _tokenize_like_lm_eval(model: "HarnessModel", columns: dict[str, list["Task"]]) -> float:
    pairs = [pair for tasks in columns.values() for pair in questions(tasks)]
    began = time.perf_counter()
    for context, continuation in pairs:
        model._encode_pair(context, continuation)
    return time.perf_counter() - began


# ── scoring ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Timing:
    seconds: float
    tokens: int
    answers: list[tuple[float, bool]]


def time_scoring(options: argparse.Namespace) -> None:
    """Scoring alone: prompts are built and tokenised before. lm-eval's backend runs first at each
    batch size, and at its best one again after ours, so that a drift of the machine shows."""
    tokens = tokenizer(options.work, options.vocabulary or 12_000)
    model = random_llama(
        tokens,
        hidden=options.hidden,
        layers=options.layers,
        device=options.device,
        dtype=options.dtype,
    )
    parameters = sum(weights.numel() for weights in model.model.parameters())
    print(f"model: Llama, {parameters / 1e6:.1f}M parameters, {options.dtype}, {options.device}\n")
    print(
        f"{'task':12} {'requests':>8} {'ours s':>8} {'spread':>7} {'tokens':>8}"
        + "".join(f"{f'bs {size} s':>10}" for size in options.batch_sizes)
        + f"{'again s':>9} {'probe s':>8} {'ratio':>7} {'tokens':>7} {'max diff':>9} {'flips':>6}"
    )
    for suite in options.suites:
        for name, tasks in _columns(suite, options).items():
            pairs = questions(tasks[: SUBJECTS.get(name)], DOCUMENTS[name] * options.scale)
            _time_task(name, model, pairs, options)


def _time_task(
    name: str, model: "HarnessModel", pairs: list[tuple[str, str]], options: argparse.Namespace
) -> None:
    from services.evaluator.scoring.choice import candidates, choices
    from services.evaluator.scoring.compiling import compile_pairs
    from services.evaluator.scoring.engine import run_whole

    compiled = compile_pairs(model, pairs)
    began = time.perf_counter()
    engine, chosen = next(choices(model, compiled, candidates(model)))
    probe = time.perf_counter() - began
    stock = {
        size: _timed(model, lambda size=size: _by_lm_eval(model, compiled, size))
        for size in options.batch_sizes
    }
    best = min(stock, key=lambda size: stock[size].seconds)
    ours = [
        _timed(model, lambda: run_whole(engine, compiled)) for _ in range(max(1, options.repeats))
    ]
    again = _timed(model, lambda: _by_lm_eval(model, compiled, best))
    seconds = [timing.seconds for timing in ours]
    ours_s, stock_s = statistics.median(seconds), min(stock[best].seconds, again.seconds)
    differences = [
        abs(one[0] - other[0]) for one, other in zip(ours[0].answers, again.answers, strict=True)
    ]
    flips = sum(
        one[1] != other[1] for one, other in zip(ours[0].answers, again.answers, strict=True)
    )
    print(
        f"{name:12} {len(pairs):8} {ours_s:8.2f} {max(seconds) - min(seconds):7.2f}"
        f" {ours[0].tokens:8}"
        + "".join(f"{timing.seconds:10.2f}" for timing in stock.values())
        + f"{again.seconds:9.2f} {probe:8.2f} {stock_s / ours_s:7.2f}"
        f" {again.tokens / ours[0].tokens:7.2f} {max(differences):9.1e} {flips:6}"
        f"  {chosen.name}",
        flush=True,
    )


def _by_lm_eval(model: "HarnessModel", compiled: "Compiled", batch_size: str) -> Any:
    from lm_eval.models.huggingface import HFLM

    from services.evaluator.scoring.stock import batches_of, request

    requests = [request(compiled, index) for index in range(len(compiled))]
    size: Any = batch_size if batch_size == "auto" else int(batch_size)
    with batches_of(model, size):
        return HFLM._loglikelihood_tokens(model, requests, disable_tqdm=True)


def _timed(model: "HarnessModel", run: Callable[[], Any]) -> Timing:
    import torch

    before = model.usage.forwarded_tokens
    began = time.perf_counter()
    answers = run()
    if model.device.type == "cuda":
        torch.cuda.synchronize()
    return Timing(time.perf_counter() - began, model.usage.forwarded_tokens - before, answers)


if __name__ == "__main__":
    main()
