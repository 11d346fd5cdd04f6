"""Ids have to be lm-eval's own, whatever the tokenizer does at the border of two strings."""

from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast
from transformers.models.canine import CanineTokenizer

from services.evaluator.failures import EvaluationFault
from services.evaluator.harness_model import HarnessModel
from services.evaluator.scoring.compiling import compile_pairs
from services.evaluator.scoring.encoding import encode_pairs
from tests.integration.evaluator.scoring.architectures import TREE, questions, random_model

PAIRS = [
    *(pair for pair in questions() if len(pair[1]) > 1),
    ("Question: naïve café 你好 🙂\nAnswer:", " 🙂 é"),
    ("ends in spaces   ", "continuation"),
    ("ends in a newline\n", "continuation"),
    ("no space", "between"),
    ("  ", "only spaces before"),
    ("<s>starts with its own", " marker"),
    ("", " <s> marker within"),
    ("", "<s>starts the continuation"),
]


def byte_level(*, bos: bool = False) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([context for context, _ in PAIRS], trainer)
    return _wrapped(tokenizer, bos=bos)


def word_pieces_of_sentences() -> PreTrainedTokenizerFast:
    """Like SentencePiece: a space belongs to the word behind it, and one is put in front."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    texts = [text for pair in PAIRS for text in pair]
    trainer = trainers.UnigramTrainer(
        vocab_size=120,
        special_tokens=["<s>", "</s>", "<unk>"],
        unk_token="<unk>",
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return _wrapped(tokenizer, bos=True)


def truncating() -> PreTrainedTokenizerFast:
    tokenizer = byte_level(bos=True)
    tokenizer.backend_tokenizer.enable_truncation(8)
    tokenizer.backend_tokenizer.enable_padding(length=64)
    return tokenizer


def written_in_python() -> PreTrainedTokenizerBase:
    return CanineTokenizer(bos_token="<s>", eos_token="</s>")


def _wrapped(tokenizer: Tokenizer, *, bos: bool) -> PreTrainedTokenizerFast:
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


TOKENIZERS = {
    "bytes": byte_level,
    "bytes with a marker in front": lambda: byte_level(bos=True),
    "sentence pieces": word_pieces_of_sentences,
    "one that truncates": truncating,
    "one without a fast version": written_in_python,
}


class _Recorder(HFLM):
    """lm-eval's own backend, up to where ids go into the model."""

    def _loglikelihood_tokens(self, requests: list[Any], **_: Any) -> list[Any]:
        self.encoded = [(context, continuation) for _, context, continuation in requests]
        return [(0.0, False)] * len(requests)


@pytest.mark.parametrize("add_bos_token", [None, True, False])
@pytest.mark.parametrize("name", TOKENIZERS)
def test_ids_are_those_of_lm_eval(name: str, add_bos_token: bool | None) -> None:
    tokenizer = TOKENIZERS[name]()
    options: dict[str, Any] = {"tokenizer": tokenizer, "device": "cpu", "max_length": 256}
    stock = _Recorder(
        pretrained=random_model(*TREE["llama"]), add_bos_token=add_bos_token, **options
    )
    stock.loglikelihood(
        [Instance("loglikelihood", {}, arguments=pair, idx=0) for pair in PAIRS],
        disable_tqdm=True,
    )
    model = HarnessModel(
        pretrained=random_model(*TREE["llama"]), add_bos_token=add_bos_token, **options
    )

    encoded = encode_pairs(model, PAIRS)

    assert [(a.tolist(), b.tolist()) for a, b in encoded] == stock.encoded


def test_what_was_compiled_is_read_again_for_another_model_with_the_tokenizer(
    tmp_path: Path,
) -> None:
    pairs = [pair for pair in PAIRS if pair[0] != "  "]  # whose context has no token at all

    def model(**options: Any) -> HarnessModel:
        return HarnessModel(
            pretrained=random_model(*TREE["llama"]), tokenizer=byte_level(), device="cpu", **options
        )

    first = compile_pairs(model(max_length=256), pairs, tmp_path)
    [file] = tmp_path.iterdir()
    written = file.read_bytes()
    again = compile_pairs(model(max_length=256), pairs, tmp_path)

    assert file.read_bytes() == written
    assert again.digest == first.digest
    assert again.stock_tokens == first.stock_tokens
    assert again.tree.tokens.tolist() == first.tree.tokens.tolist()

    compile_pairs(model(max_length=128), pairs, tmp_path)
    compile_pairs(model(max_length=256), pairs[:-1], tmp_path)
    compile_pairs(model(max_length=256, add_bos_token=True), pairs, tmp_path)
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("left", [b"", b"PK\x03\x04 the rest is lost", bytes(4096)])
def test_what_was_kept_in_part_is_compiled_again(left: bytes, tmp_path: Path) -> None:
    model = HarnessModel(
        pretrained=random_model(*TREE["llama"]), tokenizer=byte_level(bos=True), device="cpu"
    )
    first = compile_pairs(model, PAIRS, tmp_path)
    [file] = tmp_path.iterdir()
    file.write_bytes(left)

    again = compile_pairs(model, PAIRS, tmp_path)

    assert again.digest == first.digest
    assert len(file.read_bytes()) > len(left)


def test_an_answer_that_a_tokenizer_joins_to_its_question_is_its_tokenizers_fault() -> None:
    vocabulary = {"<s>": 0, "</s>": 1, "Q": 2, ":": 3, "A": 4, ":A": 5}
    tokenizer = _wrapped(Tokenizer(models.BPE(vocab=vocabulary, merges=[(":", "A")])), bos=False)
    model = HarnessModel(pretrained=random_model(*TREE["llama"]), tokenizer=tokenizer, device="cpu")

    with pytest.raises(EvaluationFault, match=r"tokenizer-empty: .*adds 0 for its answer"):
        model.loglikelihood([Instance("loglikelihood", {}, arguments=("Q:", "A"), idx=0)])


def test_an_answer_without_tokens_behind_no_question_is_its_tokenizers_fault() -> None:
    tokenizer = _wrapped(Tokenizer(models.BPE(vocab={"<s>": 0, "</s>": 1}, merges=[])), bos=False)
    model = HarnessModel(pretrained=random_model(*TREE["llama"]), tokenizer=tokenizer, device="cpu")

    with pytest.raises(EvaluationFault, match="tokenizer-empty"):
        model.loglikelihood([Instance("loglikelihood", {}, arguments=("", "A"), idx=0)])
