"""The same text as lm-eval's own backend writes at batch size 1, whoever writes it."""

import random
from collections.abc import Callable

import pytest
import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from services.evaluator.failures import EvaluationFault
from services.evaluator.scoring.slices import Stopping
from services.evaluator.writing.continuous import ContinuousWriter
from services.evaluator.writing.stock import StockWriter
from services.evaluator.writing.writer import Batch, Writer
from tests.integration.evaluator.writing.models import (
    WritingModel,
    byte_tokenizer,
    random_llama,
    reciting_model,
    request,
)

Make = Callable[[WritingModel], Writer]


def continuous(model: WritingModel) -> Writer:
    return ContinuousWriter(model, model.usage)


WRITERS = pytest.mark.parametrize("writer", [StockWriter, continuous])


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return byte_tokenizer()


@pytest.fixture(scope="module")
def llama() -> PreTrainedModel:
    return random_llama()


@pytest.fixture(scope="module")
def prompts() -> list[str]:
    words = random.Random(0)

    def text(length: int) -> str:
        return "".join(words.choices("abcdefghij klmnoé\n", k=length))

    preamble = text(60)
    return [preamble + text(words.randint(1, 30)) for _ in range(14)] + [text(1), text(400)]


def by_lm_eval(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, requests: list[Instance]
) -> list[str]:
    backend = HFLM(pretrained=model, tokenizer=tokenizer, device="cpu", batch_size=1)
    texts: list[str] = backend.generate_until(requests, disable_tqdm=True)
    return texts


@pytest.fixture(scope="module")
def unstopped(
    llama: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, prompts: list[str]
) -> list[str]:
    requests = [request(prompt, until=[], max_gen_toks=32) for prompt in prompts]
    return by_lm_eval(llama, tokenizer, requests)


@WRITERS
def test_every_answer_ends_at_the_first_of_its_stop_strings(
    writer: Make,
    llama: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    prompts: list[str],
    unstopped: list[str],
) -> None:
    cuts = [(0, 1), (0, 3), (2, 7), (5, 6), (9, 20)]
    stops = [[text[start:stop] for start, stop in cuts] for text in unstopped]
    requests = [
        request(prompt, until=[own[number % len(own)], "never written"], max_gen_toks=32)
        for prompt, own in zip(prompts, stops, strict=True)
        for number in range(len(cuts))
    ]
    model = WritingModel(llama, tokenizer)

    texts = model.texts(requests, writer)

    assert texts == by_lm_eval(llama, tokenizer, requests)
    assert "" in texts
    assert len(set(map(len, texts))) > 5


@WRITERS
def test_the_number_of_tokens_is_each_requests_own_and_long_prompts_lose_their_beginning(
    writer: Make, llama: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, prompts: list[str]
) -> None:
    requests = [
        request(prompt, until=["\n"], max_gen_toks=most)
        for prompt in prompts
        for most in (1, 7, 200)
    ]
    model = WritingModel(llama, tokenizer, max_length=256)
    backend = HFLM(
        pretrained=llama, tokenizer=tokenizer, device="cpu", batch_size=1, max_length=256
    )

    texts = model.texts(requests, writer)

    assert texts == backend.generate_until(requests, disable_tqdm=True)
    assert model.usage.tokens.generated > len(requests)


@WRITERS
def test_the_models_own_end_tokens_count(
    writer: Make, tokenizer: PreTrainedTokenizerFast, prompts: list[str]
) -> None:
    model = random_llama()
    requests = [request(prompt, until=[], max_gen_toks=32) for prompt in prompts]
    without = by_lm_eval(model, tokenizer, requests)
    model.generation_config.eos_token_id = [1, tokenizer.encode(without[0])[3]]

    texts = WritingModel(model, tokenizer).texts(requests, writer)

    assert texts == by_lm_eval(model, tokenizer, requests)
    assert texts != without


RECITAL = "Grü 東?<|im_end|>xyz</s>"


@WRITERS
@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        ("東", "rü "),
        ("ü 東?", "r"),
        ("<|im_end|>", "rü 東?"),
        ("?<|im", "rü 東?"),
        ("ü�", "rü 東?xyz"),
        ("z</s>", "rü 東?xyz"),
        ("r", ""),
    ],
)
def test_stop_strings_are_found_across_tokens_characters_and_special_tokens(
    writer: Make, stop: str, expected: str, tokenizer: PreTrainedTokenizerFast
) -> None:
    model = reciting_model(tokenizer.encode(RECITAL))
    requests = [request("begin with a G", until=[stop], max_gen_toks=40)]

    assert WritingModel(model, tokenizer).texts(requests, writer) == [expected]
    assert by_lm_eval(model, tokenizer, requests) == [expected]


@WRITERS
def test_an_answer_is_left_where_it_ends(writer: Make, tokenizer: PreTrainedTokenizerFast) -> None:
    model = WritingModel(reciting_model(tokenizer.encode(RECITAL)), tokenizer)
    before = len(tokenizer.encode("Grü 東")) - 1

    model.texts([request("a G", until=["東"], max_gen_toks=40)] * 3, writer)

    assert model.usage.tokens.generated == 3 * before
    assert model.usage.tokens.stock == 3 * (len(tokenizer.encode("a G")) + before - 1)


def test_a_batch_ends_when_each_of_its_rows_has_met_a_stop_string_of_its_own(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    reciting = reciting_model(tokenizer.encode(RECITAL)[:-1])
    requests = [request(start, until=["r", "x"], max_gen_toks=100) for start in ("G", "?")]
    backend = HFLM(pretrained=reciting, tokenizer=tokenizer, device="cpu", batch_size=2)
    forwarded = []
    reciting.register_forward_pre_hook(lambda *_: forwarded.append(1))

    theirs = backend.generate_until(requests, disable_tqdm=True)
    in_lm_eval = len(forwarded)
    ours = WritingModel(reciting, tokenizer).texts(requests)

    assert ours == theirs == ["", ""]
    assert len(forwarded) - in_lm_eval < in_lm_eval / 2


@WRITERS
def test_requests_may_ask_for_samples(
    writer: Make, llama: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, prompts: list[str]
) -> None:
    def texts(**options: object) -> list[str]:
        requests = [request(each, until=[], max_gen_toks=8, **options) for each in prompts]
        torch.manual_seed(0)
        return WritingModel(llama, tokenizer).texts(requests, writer)

    greedy = texts()
    assert texts(do_sample=True, temperature=0.7, top_k=1) == greedy
    assert texts(do_sample=True, temperature=1.5) != greedy


def test_what_prompts_begin_with_alike_is_forwarded_once(
    llama: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    preamble = "the answer in the end " * 20
    requests = [request(f"{preamble}{n}", until=[], max_gen_toks=4) for n in range(20)]
    model = WritingModel(llama, tokenizer)

    model.texts(requests, continuous)

    assert model.usage.tokens.forwarded < model.usage.tokens.stock / 3


@WRITERS
def test_it_stops_in_the_middle_of_an_answer(
    writer: Make, llama: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    model = WritingModel(llama, tokenizer)
    attention = llama.config._attn_implementation

    with pytest.raises(Stopping):
        model.texts(
            [request("a", until=[], max_gen_toks=300)],
            writer,
            stopping=lambda: model.usage.forwarded_tokens > 3,
        )

    assert model.usage.forwarded_tokens < 200
    assert llama.config._attn_implementation == attention


def test_what_ended_the_thread_that_runs_the_model_is_raised(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    model = WritingModel(random_llama(), tokenizer)
    attention = model.model.config._attn_implementation
    model.model.lm_head.forward = lambda states: 1 / 0
    ids = torch.tensor([[5, 6, 7]])
    batch = Batch(ids, torch.ones_like(ids), 4, [], {"do_sample": False})

    with pytest.raises(ZeroDivisionError):
        list(ContinuousWriter(model, model.usage).write(batch, lambda: False))

    assert model.model.config._attn_implementation == attention


def test_a_logit_that_is_no_number_ends_the_writing(tokenizer: PreTrainedTokenizerFast) -> None:
    model = WritingModel(random_llama(), tokenizer)
    with torch.no_grad():
        model.model.lm_head.weight[9] = torch.nan

    with pytest.raises(EvaluationFault, match="NaN"):
        model.texts([request("a", until=[], max_gen_toks=4)], continuous)

    assert "FloatingPointError" in model.usage.engine.reason


def test_a_batch_that_does_not_fit_memory_is_written_again_in_halves(
    llama: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, prompts: list[str]
) -> None:
    requests = [request(prompt, until=["\n"], max_gen_toks=8) for prompt in prompts]
    model = WritingModel(llama, tokenizer)
    too_large: list[int] = []

    def runs_out(_: torch.nn.Module, __: object, options: dict[str, torch.Tensor]) -> None:
        if len(options["input_ids"]) > 1:
            too_large.append(len(options["input_ids"]))
            raise torch.OutOfMemoryError("CUDA out of memory")

    hook = llama.register_forward_pre_hook(runs_out, with_kwargs=True)
    texts = model.texts(requests)
    hook.remove()

    assert too_large == [4, 2]
    assert texts == by_lm_eval(llama, tokenizer, requests)
