"""A long EVENTS, made here: lives of submissions to the board that ships, side by side.

Of a hundred submissions 3 are refused, 5 fail, 3 are run again and 6 get votes; of a thousand
models one is flagged, removed or renamed. Bodies are those of the contracts, written once per kind;
what differs between submissions (ids, names, scores, digests, times) is drawn for each."""

import random
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from contracts.base import Event
from contracts.board import Board
from contracts.check import RuleOutcomes
from contracts.envelope import Envelope
from contracts.evaluation import (
    DataSet,
    Details,
    Energy,
    EnergyMethod,
    Engine,
    EvaluationFailed,
    EvaluationFinished,
    EvaluationStarted,
    EvaluationTaskScored,
    FailureCause,
    HarnessResult,
    Provenance,
    Tokens,
)
from contracts.models import ModelRef, ModelType, Precision, Reason, Tier
from contracts.moderation import ModelFlagged, ModelRemoved, ModelRenamed
from contracts.rule_book import rule_book
from contracts.submission import (
    SubmissionAccepted,
    SubmissionReceived,
    SubmissionRejected,
    SubmissionRerunRequested,
)
from contracts.vote import VoteCast

_AT_ONCE = 500
_MORNING = datetime(2025, 3, 1, 8, tzinfo=UTC)
_LENGTHS = struct.Struct("<HHI")

# What stands in a template for what each submission has of its own.
_SID, _NAME, _DIGEST, _SHARE = "f" * 20, "acme/model-of-nobody", "0" * 64, 0.7777777777777777
_OWN = re.compile(b"|".join(str(own).encode() for own in (_SID, _NAME, _DIGEST, _SHARE)))


# As the validator tells them of whole weights.
_FOUND = {
    "commit-not-found": "a" * 12,
    "license-missing": "apache-2.0",
    "card-too-short": "4,120 characters; at least 200",
    "safetensors-missing": "3 files",
    "weights-unreadable": "291 tensors",
    "architecture-missing": "MistralForCausalLM",
    "tokenizer-does-not-fit": "ids up to 31,999; embeddings for 32,000",
    "precision-not-accepted": "bfloat16",
    "precision-contradicts-weights": "not quantised",
    "params-over-limit": "7,241,732,096 parameters; at most 100,000,000,000",
    "precision-differs-from-weights": "stored as bfloat16",
}
_OF_OTHERS = ("base-model-", "adapter-unreadable", "adapter-not-", "delta-", "chat-template-")
_RULES = RuleOutcomes(
    kept={code: _FOUND.get(code, "") for code in rule_book() if not code.startswith(_OF_OTHERS)},
    not_applicable=tuple(code for code in rule_book() if code.startswith(_OF_OTHERS)),
)


@dataclass(frozen=True)
class Recorded:
    """One message as the server holds it; `headers` is the block on the wire."""

    subject: str
    headers: bytes
    body: bytes


class _Template:
    def __init__(self, event: Event) -> None:
        self._subject = event.subject()
        self._event = event
        body = event.model_dump_json().encode()
        self._kept = _OWN.split(body)
        self._own = _OWN.findall(body)

    def __call__(self, draw: random.Random, sid: str, name: str, at: datetime) -> Recorded:
        body = bytearray(self._kept[0])
        for own, kept in zip(self._own, self._kept[1:], strict=True):
            if own == _SID.encode():
                body += sid.encode()
            elif own == _NAME.encode():
                body += name.encode()
            elif own == _DIGEST.encode():
                body += b"%064x" % draw.getrandbits(256)
            else:
                body += repr(draw.random()).encode()
            body += kept
        subject = self._subject.replace(_SID, sid).replace("acme%2Fmodel-of-nobody", _quoted(name))
        return _recorded(subject, self._event, bytes(body), draw, at)


def _quoted(name: str) -> str:
    return name.replace("/", "%2F")


def _recorded(
    subject: str, event: Event, body: bytes, draw: random.Random, at: datetime
) -> Recorded:
    envelope = Envelope(
        type=event.type_name(),
        source=event.WRITER.split(";")[0],
        id=UUID(int=draw.getrandbits(128), version=4),
        time=at,
        traceparent=f"00-{draw.getrandbits(128):032x}-{draw.getrandbits(64):016x}-01",
    )
    headers = envelope.headers() | {"Nats-Msg-Id": str(envelope.id)}
    block = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return Recorded(subject, f"NATS/1.0\r\n{block}\r\n".encode(), body)


def events(count: int, board: Board, seed: int = 0) -> Iterator[Recorded]:
    """So many, the same for the same seed."""
    draw = random.Random(seed)
    lives = _Lives(board)
    going: list[Iterator[Callable[[datetime], Recorded]]] = []
    at, begun = _MORNING, 0
    for _ in range(count):
        while True:
            if len(going) < _AT_ONCE:
                begun += 1
                going.append(lives.life(draw, begun))
            chosen = draw.randrange(len(going))
            if happens := next(going[chosen], None):
                break
            going[chosen] = going[-1]
            going.pop()
        at += timedelta(seconds=draw.expovariate(1 / 20))
        yield happens(at)


class _Lives:
    def __init__(self, board: Board) -> None:
        model = ModelRef(repo_id=_NAME, commit="a" * 40, precision=Precision.BFLOAT16)
        self._received = _Template(
            SubmissionReceived(
                sid=_SID,
                board=board.name,
                model=model,
                model_type=ModelType.FINE_TUNED,
                submitter="ada",
            )
        )
        self._rejected = _Template(
            SubmissionRejected(
                sid=_SID,
                reasons=(
                    Reason(
                        code="license-missing",
                        message="The model card names no licence.",
                        advice="Add `license` to the front matter of README.md.",
                    ),
                ),
                rules=_RULES,
            )
        )
        self._runs = [_Run(board, model, run) for run in (1, 2)]
        self._rerun = _Template(
            SubmissionRerunRequested(sid=_SID, run=2, by="ada", note="a newer harness")
        )
        self._votes = [_Template(VoteCast(sid=_SID, voter=f"voter-{n}")) for n in range(3)]
        by, link = "mod", "https://example.org/discussions/1"
        self._decisions = [
            _Template(ModelFlagged(repo_id=_NAME, reason="Trained on tests.", link=link, by=by)),
            _Template(ModelRemoved(repo_id=_NAME, reason="Its author asks.", by=by)),
            _Template(ModelRenamed(repo_id=_NAME, new_repo_id=f"{_NAME}-v2", by=by)),
        ]

    def life(self, draw: random.Random, n: int) -> Iterator[Callable[[datetime], Recorded]]:
        """What happens to one submission, one after the other."""
        sid, name = f"{draw.getrandbits(80):020x}", f"org-{n % 5000}/model-{n}"

        def happens(template: _Template) -> Callable[[datetime], Recorded]:
            return lambda at: template(draw, sid, name, at)

        yield happens(self._received)
        if draw.random() < 0.03:
            yield happens(self._rejected)
            return
        if draw.random() < 0.06:
            for vote in self._votes[: draw.randint(1, 3)]:
                yield happens(vote)
        yield from map(happens, self._runs[0].events(fails=draw.random() < 0.05))
        if draw.random() < 0.03:
            yield happens(self._rerun)
            yield from map(happens, self._runs[1].events(fails=False))
        if draw.random() < 0.001:
            yield happens(draw.choice(self._decisions))


class _Run:
    def __init__(self, board: Board, model: ModelRef, run: int) -> None:
        def to(event: Event) -> _Template:
            return _Template(event)

        self._begins = [
            to(
                SubmissionAccepted(
                    sid=_SID,
                    board=board.name,
                    model=model,
                    run=run,
                    tier=Tier.SMALL,
                    parameters=7_241_732_096,
                    weight_bytes=14_483_464_192,
                    architecture="MistralForCausalLM",
                    license="apache-2.0",
                    base_models=("mistralai/Mistral-7B-v0.1",),
                    generation=1,
                    weights_digest=_DIGEST,
                    rules=_RULES,
                )
            ),
            to(
                EvaluationStarted(
                    sid=_SID,
                    run=run,
                    attempt=1,
                    evaluator="gpu-3",
                    device="NVIDIA H200",
                    tasks=tuple(task.id for task in board.tasks),
                )
            ),
        ]
        self._scores = [
            to(_scored(board, task.id, run, task.harness_tasks, task.metrics))
            for task in board.tasks
        ]
        self._finished = to(EvaluationFinished(sid=_SID, run=run, attempt=1, seconds=_SHARE))
        self._failed = to(
            EvaluationFailed(
                sid=_SID,
                run=run,
                attempt=1,
                cause=FailureCause.MODEL,
                reason=Reason(
                    code="weights-not-finite",
                    message="Some weights are NaN.",
                    advice="Upload the weights again and submit the new commit.",
                ),
                log_tail="\n".join(["loading shards"] * 20),
            )
        )

    def events(self, *, fails: bool) -> Iterator[_Template]:
        yield from self._begins
        if fails:
            yield self._scores[0]
            yield self._failed
        else:
            yield from self._scores
            yield self._finished


def _scored(
    board: Board, task: str, run: int, harness_tasks: tuple[str, ...], metrics: tuple[str, ...]
) -> EvaluationTaskScored:
    hashes = random.Random(task)
    return EvaluationTaskScored(
        sid=_SID,
        run=run,
        attempt=1,
        board=board.name,
        task=task,
        results=tuple(
            HarnessResult(
                task=harness_task,
                version="1.0",
                shots=3,
                samples=250,
                metrics=dict.fromkeys(metrics, _SHARE),
                stderrs=dict.fromkeys(metrics, _SHARE),
                prompt_hash=f"{hashes.getrandbits(256):064x}",
                data=DataSet(
                    repo_id=f"SaylorTwift/{task}",
                    config=harness_task,
                    revision=f"{hashes.getrandbits(160):040x}",
                    fingerprint=f"{hashes.getrandbits(64):016x}",
                ),
            )
            for harness_task in harness_tasks
        ),
        seconds=_SHARE,
        engine="tree",
        versions={
            "lm_eval": "0.4.13",
            "transformers": "5.23.0",
            "torch": "2.13.0",
            "python": "3.11.7",
        },
        details=Details(
            object_name=f"{_SID}/{run}/{task}.parquet",
            rows=5761,
            size_bytes=1234567,
            sha256=_DIGEST,
        ),
        provenance=Provenance(
            engine=Engine(name="tree", reason="It answers as lm-eval does.", probed=16),
            dtype="bfloat16",
            device="NVIDIA H200",
            seed=1234,
            tokens=Tokens(forwarded=405232, stock=12431562),
            phases=dict.fromkeys(("build", "compile", "probe", "score", "metrics"), _SHARE),
            energy=Energy(kwh=_SHARE, co2_kg=_SHARE, method=EnergyMethod.MEASURED),
            command=(
                "pip install lm_eval==0.4.13 transformers==5.23.0 torch==2.13.0\n"
                f"lm_eval run --model hf --model_args pretrained={_NAME},revision={'a' * 40},"
                f"dtype=bfloat16 --tasks leaderboard_{task} --batch_size 1 --seed 1234"
            ),
        ),
    )


# ── on disk ──────────────────────────────────────────────────────────────────────────────────────


def write_log(path: Path, count: int, board: Board) -> None:
    """Nothing to do when a log of that name is there."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb", buffering=1 << 20) as file:
        for event in events(count, board):
            subject = event.subject.encode()
            file.write(_LENGTHS.pack(len(subject), len(event.headers), len(event.body)))
            file.write(subject + event.headers + event.body)
    partial.rename(path)


def read_log(path: Path) -> Iterator[Recorded]:
    with path.open("rb", buffering=1 << 20) as file:
        while lengths := file.read(_LENGTHS.size):
            subject, headers, body = _LENGTHS.unpack(lengths)
            yield Recorded(file.read(subject).decode(), file.read(headers), file.read(body))


def describe_log(path: Path) -> str:
    """How many of which kind, and how large."""
    kinds: dict[str, int] = {}
    bodies = 0
    for event in read_log(path):
        kind = ".".join(event.subject.split(".")[2:4])
        kinds[kind] = kinds.get(kind, 0) + 1
        bodies += len(event.body)
    counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    return f"{sum(kinds.values()):,} events, {bodies / 1e6:,.0f} MB of bodies: {counts}"
