"""Tokenizer files → a tokenizer that lm-eval can work with."""

from importlib.util import find_spec

from transformers import (
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizer,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from services.evaluator.failures import blame_model
from services.evaluator.model_files.faults import blamed_on, lacks_package, needs_remote_code
from services.evaluator.model_files.repository import Repository

_CONFIG_FILE = "tokenizer_config.json"
_FAST_FILE = "tokenizer.json"
_VOCABULARIES = (
    _FAST_FILE,
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tekken.json",
    "vocab.json",
    "vocab.txt",
)
SAMPLE = "The quick brown fox: does it jump over 13 lazy dogs?\nYes (x = 2.5)!"


def holds_tokenizer(repository: Repository) -> bool:
    """Adapters come with or without one."""
    return any(repository.holds(file) for file in _VOCABULARIES) or any(
        repository.folder.glob("*.tiktoken")
    )


def load_tokenizer(repository: Repository, config: PreTrainedConfig) -> PreTrainedTokenizerBase:
    """Raises EvaluationFault for a tokenizer that does not load or turns text into nothing."""
    if not holds_tokenizer(repository):
        raise blame_model(
            "tokenizer-unreadable",
            f"The {repository.name} holds no vocabulary, such as {_FAST_FILE}.",
            "Upload the tokenizer that the model was trained with.",
        )
    written = repository.read_json(_CONFIG_FILE, "tokenizer-unreadable")
    if repository.holds(_FAST_FILE):
        repository.read_json(_FAST_FILE, "tokenizer-unreadable")
    else:
        _check_packages(repository)
    with blamed_on(
        repository,
        "tokenizer-unreadable",
        f"transformers cannot load the tokenizer of the {repository.name}",
        "Check that AutoTokenizer.from_pretrained loads it without trust_remote_code, and that it"
        " encodes any text.",
    ):
        try:
            tokenizer = AutoTokenizer.from_pretrained(
                repository.folder, config=config, use_fast=True, trust_remote_code=False
            )
        except ValueError:
            if "auto_map" in written:
                raise needs_remote_code(repository.called(_CONFIG_FILE)) from None
            raise
        if not isinstance(tokenizer, PreTrainedTokenizer | PreTrainedTokenizerFast):
            raise TypeError(f"lm-eval cannot work with a {type(tokenizer).__name__}")
        tokenizer.encode(SAMPLE)
        tokens = tokenizer.encode(SAMPLE, add_special_tokens=False)
    if not tokens:
        raise blame_model(
            "tokenizer-empty",
            f"The tokenizer of the {repository.name}, with a vocabulary of {len(tokenizer)}, turns"
            f" {SAMPLE[:19]!r} into no tokens.",
            "Upload the tokenizer that the model was trained with.",
        )
    if tokenizer.eos_token_id is None:
        raise blame_model(
            "tokenizer-lacks-end-token",
            f"{repository.called(_CONFIG_FILE)} names no `eos_token`; answers end at it.",
            "Name the token that ends a text in it, and submit the new commit.",
        )
    return tokenizer


def check_tokenizer_fits(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """An id past the embeddings ends in an IndexError on a CPU and kills the context of a GPU."""
    rows = next(model.get_input_embeddings().parameters()).shape[0]
    highest, token = max((number, token) for token, number in tokenizer.get_vocab().items())
    if highest >= rows:
        raise blame_model(
            "tokenizer-does-not-fit",
            f"The tokenizer has ids up to {highest}, which is {token!r}, but the model has"
            f" embeddings for {rows} ids.",
            "Resize the model's embeddings to the tokenizer, or restore the tokenizer it was"
            " trained with.",
        )


def _check_packages(repository: Repository) -> None:
    """transformers takes their absence for a fault of the files."""
    needed = {
        "sentencepiece": ("tokenizer.model", "spiece.model", "sentencepiece.bpe.model"),
        "mistral_common": ("tekken.json",),
    }
    for package, files in needed.items():
        for file in files:
            if repository.holds(file) and find_spec(package) is None:
                raise lacks_package(f"{package}, to read {repository.called(file)}.")
