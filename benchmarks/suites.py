"""The real suites with data from ../shared/bench, and a model and tokenizer of any size.

The data are not part of the project. GPQA and MATH are not among them; made rows stand in."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from localhub.process import running_localhub
from tests.real_suites import BENCHMARKS, NLTK_DATA, fill_hub

if TYPE_CHECKING:
    from lm_eval.api.task import Task
    from transformers import PreTrainedTokenizerFast

    from services.evaluator.harness_model import HarnessModel

# Llama 3's, which decides where words end for most of today's tokenizers.
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_TEXT_CHARACTERS = 20_000_000


@contextmanager
def data_served(work: Path) -> Iterator[None]:
    """A Hub with the data for as long as a `with` block lasts. To be entered before `datasets` or
    `lm_eval` are imported: they read where the Hub is when they are."""
    if not BENCHMARKS.exists():
        sys.exit(f"{BENCHMARKS} is absent; point PODIUM_SHARED to the folder that holds `bench`.")
    if not (work / "hub").exists():
        fill_hub(work / "hub")
    with running_localhub(work / "hub") as url:
        os.environ |= {
            "HF_ENDPOINT": url,
            "HF_HOME": str(work / "home"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "NLTK_DATA": str(NLTK_DATA),
            "TOKENIZERS_PARALLELISM": "true",
            "TQDM_DISABLE": "1",
        }
        yield


def scored_tasks(board_name: str) -> dict[str, list["Task"]]:
    """Of one board, by column: the lm-eval tasks that ask for log-likelihoods, ready to build."""
    from contracts.board import BoardTask
    from runtime.boards import read_board
    from runtime.settings import REPOSITORY
    from services.evaluator import harness
    from services.evaluator.settings import EvaluatorSettings

    options = EvaluatorSettings().harness_options

    def load(column: BoardTask) -> list["Task"]:
        tasks = harness.tasks_of(column, options)
        for task in tasks:
            harness.set_shots(task, column.shots)
        return tasks

    board = read_board(REPOSITORY / "boards" / f"{board_name}.yaml")
    loaded = {column.id: load(column) for column in board.tasks}
    return {
        name: tasks for name, tasks in loaded.items() if tasks[0].OUTPUT_TYPE == "multiple_choice"
    }


def questions(
    tasks: list["Task"], documents: int | None = None, *, cached: bool = False
) -> list[tuple[str, str]]:
    """Pairs of context and continuation, of the first so many documents of each task."""
    for task in tasks:
        task.build_all_requests(limit=documents, cache_requests=cached)
    return [instance.args for task in tasks for instance in task.instances]


def tokenizer(work: Path, vocabulary: int) -> "PreTrainedTokenizerFast":
    """Byte-level BPE, trained on the suites' own text."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    file = work / f"tokenizer-{vocabulary}.json"
    if not file.exists():
        trained = Tokenizer(models.BPE())
        trained.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(_SPLIT), behavior="isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        trained.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=["<s>", "</s>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        trained.train_from_iterator(_text(), trainer)
        trained.save(str(file))
    return PreTrainedTokenizerFast(tokenizer_file=str(file), bos_token="<s>", eos_token="</s>")


def _text() -> Iterator[str]:
    import gzip

    files = sorted(BENCHMARKS.glob("*__*/**/*.jsonl.gz"))
    for file in files:
        with gzip.open(file, "rt") as lines:
            yield lines.read(_TEXT_CHARACTERS // len(files))


def random_llama(
    tokens: "PreTrainedTokenizerFast",
    *,
    hidden: int,
    layers: int,
    device: str,
    dtype: str,
    batch_size: int = 1,
) -> "HarnessModel":
    """A Llama with random weights: as fast as a trained one, and it knows nothing."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from services.evaluator.harness_model import HarnessModel

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokens),
        hidden_size=hidden,
        intermediate_size=hidden * 7 // 2,
        num_hidden_layers=layers,
        num_attention_heads=max(4, hidden // 128),
        num_key_value_heads=max(2, hidden // 512),
        max_position_embeddings=32768,
        bos_token_id=0,
        eos_token_id=1,
        dtype=dtype,
    )
    with torch.device(device):
        model = LlamaForCausalLM(config).to(getattr(torch, dtype)).eval()
    return HarnessModel(
        pretrained=model, tokenizer=tokens, device=device, batch_size=batch_size, max_length=32768
    )
