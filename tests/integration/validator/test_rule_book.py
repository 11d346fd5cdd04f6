"""Models on a Hub that break a rule, alone and together, and the verdicts on them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from nats.aio.msg import Msg

from contracts.base import Event
from contracts.check import RuleOutcomes
from contracts.models import ModelRef, ModelType, Precision, Reason, WeightType
from contracts.rule_book import rule_book
from contracts.submission import SubmissionAccepted, SubmissionReceived, SubmissionRejected
from contracts.topology import JOBS
from contracts.validation import ValidationProgress
from runtime.bus import connect
from runtime.embedded_nats import nats_server
from runtime.topology import ensure_topology
from services.validator.handlers import judge_submission
from services.validator.rules import RULES, WARNING_RULES, Judgement
from services.validator.rules.rule import Silent
from tests.bus import all_events
from tests.integration.validator.broken_models import (
    BROKEN_MODELS,
    CHAT,
    GPTQ,
    POLICY,
    TEMPLATE,
    Broken,
)
from tests.integration.validator.judging import BOARD, NO_POLICY, hub_at, submission
from tests.integration.validator.on_the_bus import (
    submit,
    until_everything_is_handled,
    validating,
    verdicts,
)
from tests.integration.validator.tiny_model import (
    ADAPTER_PARAMETERS,
    PARAMETERS,
    adapter,
    card,
    tokenizer,
    zeros,
)

PublishModel = Callable[..., ModelRef]

# It takes a file of 100 MB: see the tests of facts.
SHOWN_ELSEWHERE = {"files-too-large"}


def published(publish_model: PublishModel, name: str, broken: Broken) -> ModelRef:
    submitted = dict(broken.submitted)
    if broken.base is not None:
        submitted["base_model"] = publish_model(f"{name}-base", **broken.base).repo_id
    return publish_model(name, submitted=submitted, **broken.changes)


async def verdict(
    hub_url: str, model: ModelRef, model_type: ModelType = ModelType.PRETRAINED
) -> SubmissionAccepted | SubmissionRejected:
    told: list[Judgement] = []
    given = await judge_submission(
        submission(model, model_type=model_type),
        fetch_facts=hub_at(hub_url).facts,
        boards={BOARD.name: BOARD},
        policy=NO_POLICY,
        tell=lambda so_far, _reading: told.append(so_far),
    )
    assert told
    for so_far in told:
        assert_comes_true(so_far, given)
    return given


def assert_comes_true(
    so_far: Judgement | ValidationProgress, given: SubmissionAccepted | SubmissionRejected
) -> None:
    """The verdict says of every rule what was said of it before, word for word."""
    assert given.rules
    reasons = given.reasons if isinstance(given, SubmissionRejected) else ()
    early = outcomes(so_far.reasons, so_far.warnings, so_far.rules)
    assert early.items() <= outcomes(reasons, given.warnings, given.rules).items()
    assert Counter((*early, *so_far.waiting)) == Counter(list(rule_book()))


def outcomes(
    reasons: Iterable[Reason], warnings: Iterable[Reason], rules: RuleOutcomes
) -> dict[str, object]:
    """By code."""
    return {
        **{reason.code: reason for reason in (*reasons, *warnings)},
        **rules.kept,
        **dict.fromkeys(rules.not_applicable, Silent.NOT_APPLICABLE),
        **dict.fromkeys(rules.undecided, Silent.UNDECIDED),
    }


@dataclass(frozen=True)
class Judged:
    """All broken models, submitted to a validator on the bus."""

    submitted: Mapping[str, SubmissionReceived]
    """By name."""
    events: tuple[Event, ...]
    progress: tuple[ValidationProgress, ...]
    """What was said of them on the way."""
    jobs: int


@pytest.fixture(scope="module")
def judged(
    hub_url: str, publish_model: PublishModel, tmp_path_factory: pytest.TempPathFactory
) -> Judged:
    submitted = {
        name: submission(
            published(publish_model, name, broken), model_type=broken.model_type
        ).model_copy(update={"submitter": broken.submitter})
        for name, broken in BROKEN_MODELS.items()
    }

    progress: list[ValidationProgress] = []

    async def hear(message: Msg) -> None:
        progress.append(ValidationProgress.model_validate_json(message.data))

    async def judge(nats_url: str) -> Judged:
        client = await connect(nats_url, name="test")
        await client.subscribe(ValidationProgress.subject_filter(), cb=hear)
        js = client.jetstream()
        await ensure_topology(js)
        await js.publish(POLICY.subject(), POLICY.model_dump_json().encode())
        async with validating(nats_url, hub_at(hub_url).facts):
            for received in submitted.values():
                await submit(js, received)
            await until_everything_is_handled(js, timeout_s=400)
        jobs = (await js.stream_info(JOBS.name)).state.messages
        events = tuple(await all_events(client))
        await client.close()
        return Judged(submitted, events, tuple(progress), jobs)

    with nats_server(tmp_path_factory.mktemp("nats")) as nats_url:
        return asyncio.run(judge(nats_url))


@pytest.mark.parametrize("name", BROKEN_MODELS)
def test_what_is_wrong_with_a_model_is_told_to_its_submitter(judged: Judged, name: str) -> None:
    broken, sid = BROKEN_MODELS[name], judged.submitted[name].sid

    [told] = [e for e in judged.events if isinstance(e, SubmissionRejected) and e.sid == sid]

    assert tuple(reason.code for reason in told.reasons) == broken.codes
    assert broken.mentioned in told.reasons[0].message
    for reason in told.reasons:
        assert "podium-validator-" not in reason.message
        assert len(reason.message) < 600


@pytest.mark.parametrize("name", BROKEN_MODELS)
def test_a_refusal_says_of_every_rule_how_it_came_out(judged: Judged, name: str) -> None:
    sid = judged.submitted[name].sid

    [told] = [e for e in judged.events if isinstance(e, SubmissionRejected) and e.sid == sid]

    assert told.rules
    broken = (reason.code for reason in (*told.reasons, *told.warnings))
    silent = (*told.rules.not_applicable, *told.rules.undecided)
    assert Counter((*broken, *told.rules.kept, *silent)) == Counter(list(rule_book()))


@pytest.mark.parametrize("name", BROKEN_MODELS)
def test_what_is_told_of_a_rule_on_the_way_comes_true(judged: Judged, name: str) -> None:
    sid = judged.submitted[name].sid
    [verdict] = [e for e in judged.events if isinstance(e, SubmissionRejected) and e.sid == sid]

    told = [progress for progress in judged.progress if progress.sid == sid]

    assert told
    assert told[0].waiting
    for progress in told:
        assert progress.run == 1
        assert_comes_true(progress, verdict)


def test_no_job_comes_of_a_model_that_breaks_a_rule(judged: Judged) -> None:
    assert judged.jobs == 0
    kinds = Counter(type(event) for event in verdicts(judged.events))
    assert kinds == {SubmissionRejected: len(BROKEN_MODELS)}


def test_every_rule_is_broken_alone() -> None:
    alone = {broken.codes[0] for broken in BROKEN_MODELS.values() if len(broken.codes) == 1}

    assert alone == {rule.code for rule in RULES} - SHOWN_ELSEWHERE


GOOD_MODELS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None, int]] = {
    "whole": ({}, {}, None, PARAMETERS),
    "own-license": (
        {"files": {"README.md": card(license=None, license_name="acme-1", license_link="L")}},
        {},
        None,
        PARAMETERS,
    ),
    "own-license-called-other": (
        {"files": {"README.md": card(license="other", license_name="acme-1", license_link="L")}},
        {},
        None,
        PARAMETERS,
    ),
    "two-licenses": (
        {"files": {"README.md": card(license=["mit", "other"])}},
        {},
        None,
        PARAMETERS,
    ),
    "odd-card": (
        {"files": {"README.md": card(tags={"a": 1}, base_model=[None, {}], language=None)}},
        {},
        None,
        PARAMETERS,
    ),
    "described-just-enough": ({"files": {"README.md": card(body="x" * 200)}}, {}, None, PARAMETERS),
    "template-in-the-config": (
        {"tokenizer_config": {"chat_template": TEMPLATE}},
        CHAT,
        None,
        PARAMETERS,
    ),
    "template-in-a-file": (
        {"files": {"chat_template.jinja": TEMPLATE}},
        CHAT,
        None,
        PARAMETERS,
    ),
    "fewer-words": (
        {"files": {"tokenizer.json": tokenizer(("<unk>",))}},
        {},
        None,
        PARAMETERS,
    ),
    "packed": (
        {
            "config": {"quantization_config": GPTQ},
            "files": {"model.safetensors": zeros(**{"a.scales": (500,), "b.weight": (100,)})},
        },
        {"precision": Precision.GPTQ},
        None,
        100,
    ),
    "quantised-when-loaded": ({}, {"precision": Precision.INT4}, None, PARAMETERS),
    "adapter": (
        adapter(),
        {"weight_type": WeightType.ADAPTER},
        {},
        PARAMETERS + ADAPTER_PARAMETERS,
    ),
    "delta": ({}, {"weight_type": WeightType.DELTA}, {}, PARAMETERS),
    "delta-without-a-tokenizer": (
        {"files": {"tokenizer.json": None, "tokenizer_config.json": None}},
        {"weight_type": WeightType.DELTA},
        {},
        PARAMETERS,
    ),
}


@pytest.mark.parametrize("name", GOOD_MODELS)
async def test_a_model_that_breaks_no_rule_is_accepted(
    hub_url: str, publish_model: PublishModel, name: str
) -> None:
    changes, submitted, base, parameters = GOOD_MODELS[name]
    broken = Broken(changes, (), "", submitted, base)

    judged = await verdict(hub_url, published(publish_model, f"good-{name}", broken))

    assert isinstance(judged, SubmissionAccepted), judged
    assert judged.parameters == parameters
    assert judged.warnings == ()
    assert judged.rules
    assert judged.rules.undecided == ()


async def test_the_base_model_is_pinned_to_the_commit_that_was_examined(
    hub_url: str, publish_model: PublishModel
) -> None:
    base = publish_model("pinned-base")
    model = publish_model(
        "pinned",
        submitted={"weight_type": WeightType.ADAPTER, "base_model": base.repo_id},
        **adapter(),
    )

    judged = await verdict(hub_url, model)

    assert isinstance(judged, SubmissionAccepted)
    assert judged.base_commit == base.commit
    assert (judged.architecture, judged.license) == ("LlamaForCausalLM", "mit")


WARNED: dict[str, tuple[Broken, str]] = {
    "files-suspicious": (
        Broken({"shown": {"filesWithIssues": [{"path": "a.bin", "level": "suspicious"}]}}, (), ""),
        "a.bin (suspicious)",
    ),
    "base-model-differs": (
        Broken(
            adapter(base_model_name_or_path="acme/other"),
            (),
            "",
            {"weight_type": WeightType.ADAPTER},
            {},
        ),
        "trained on acme/other",
    ),
    "chat-template-unused": (
        Broken({"files": {"chat_template.jinja": TEMPLATE}}, (), "", model_type=ModelType.CHAT),
        "without it",
    ),
    "precision-differs-from-weights": (
        Broken({}, (), "", {"precision": Precision.FLOAT16}),
        "stored as float32, and are converted to float16",
    ),
    "model-type-doubtful": (
        Broken({"files": {"README.md": card(tags=["mergekit"])}}, (), ""),
        "make it a merge",
    ),
}


@pytest.mark.parametrize("code", WARNED)
async def test_a_doubt_is_a_warning_and_no_refusal(
    hub_url: str, publish_model: PublishModel, code: str
) -> None:
    doubtful, mentioned = WARNED[code]

    judged = await verdict(hub_url, published(publish_model, code, doubtful), doubtful.model_type)

    assert isinstance(judged, SubmissionAccepted), judged
    assert [warning.code for warning in judged.warnings] == [code]
    assert mentioned in judged.warnings[0].message


def test_every_warning_is_given() -> None:
    assert WARNED.keys() == {rule.code for rule in WARNING_RULES}


MARKED: dict[str, tuple[dict[str, Any], bool, bool]] = {
    "merge-by-tag": ({"files": {"README.md": card(tags=["moerge"])}}, True, True),
    "merge-by-relation": ({"files": {"README.md": card(base_model_relation="merge")}}, True, False),
    "merge-by-file": ({"files": {"mergekit_config.yml": "models: []"}}, True, False),
    "experts-by-config": (
        {
            "config": {
                "architectures": ["MixtralForCausalLM"],
                "model_type": "mixtral",
                "num_local_experts": 8,
            }
        },
        False,
        True,
    ),
    "only-words": (
        {"files": {"README.md": card(body="No merge of Mixtral, no moe, no mergekit. " * 9)}},
        False,
        False,
    ),
}


@pytest.mark.parametrize("name", MARKED)
async def test_merges_and_mixtures_are_recognised_by_their_marks(
    hub_url: str, publish_model: PublishModel, name: str
) -> None:
    changes, is_merge, is_mixture = MARKED[name]

    judged = await verdict(hub_url, publish_model(name, **changes), ModelType.MERGE)

    assert isinstance(judged, SubmissionAccepted), judged
    assert (judged.is_merge, judged.is_mixture_of_experts) == (is_merge, is_mixture)


async def test_the_generation_is_the_number_of_hops_to_the_farthest_ancestor(
    hub_url: str, publish_model: PublishModel
) -> None:
    def publish(name: str, *bases: str) -> ModelRef:
        return publish_model(name, files={"README.md": card(base_model=list(bases))})

    publish("elder")
    publish("parent", "ada/elder", "ada/deleted")
    publish("uncle", "ada/nephew")  # which it is itself made from, by mistake
    model = publish("nephew", "ada/parent", "ada/uncle")

    judged = await verdict(hub_url, model, ModelType.FINE_TUNED)

    assert isinstance(judged, SubmissionAccepted), judged
    assert judged.generation == 2
    assert judged.base_models == ("ada/parent", "ada/uncle")
