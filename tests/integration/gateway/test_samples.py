"""Samples and comparisons over HTTP, from files in a real object store."""

import asyncio
import hashlib
from pathlib import Path

import httpx
from nats.js import JetStreamContext

from contracts.evaluation import Details
from contracts.topology import DETAILS_BUCKET
from contracts.views import Entry
from tests.integration.gateway.gateways import RunningGateway, show
from tests.unit.gateway.examples import an_entry
from tests.unit.gateway.sample_files import chosen, samples_file


async def store_samples(
    js: JetStreamContext, entry: Entry, body: bytes, *, published_as: bytes | None = None
) -> Entry:
    """As an evaluator does; `published_as` is what the event says that was stored."""
    name = f"{entry.sid}/1/facts-1.parquet"
    await (await js.object_store(DETAILS_BUCKET)).put(name, body)
    details = Details(
        object_name=name,
        rows=1,
        size_bytes=len(body),
        sha256=hashlib.sha256(published_as or body).hexdigest(),
    )
    facts = entry.scores["facts"].model_copy(update={"details": details})
    return entry.model_copy(update={"scores": entry.scores | {"facts": facts}})


def samples_url(entry: Entry, task: str = "facts") -> str:
    return f"/api/v1/boards/demo/entries/{entry.sid}/tasks/{task}/samples"


async def test_samples_are_paged_and_two_models_are_compared_on_them(
    gateway: RunningGateway, http: httpx.AsyncClient, jetstream: JetStreamContext, tmp_path: Path
) -> None:
    better = samples_file(tmp_path, [chosen(n, right=n > 1) for n in range(40)])
    worse = samples_file(tmp_path, [chosen(n, right=n > 9) for n in range(40)], "worse")
    one = await store_samples(jetstream, an_entry("acme/one", facts=60), better)
    two = await store_samples(jetstream, an_entry("acme/two", facts=40), worse)
    await show(jetstream, one, two)
    await gateway.until(samples_url(two), lambda answer: answer.is_success)

    pages = []
    following: str | None = f"{samples_url(two)}?wrong=true&limit=4"
    while following:
        pages.append((await http.get(following)).json())
        following = pages[-1]["next"]
    answer = (await http.get("/api/v1/compare", params={"ids": f"{one.sid},{two.sid}"})).json()
    differing = (
        await http.get(
            "/api/v1/compare/samples",
            params={"ids": f"{one.sid},{two.sid}", "task": "facts", "limit": 3},
        )
    ).json()

    assert [page["total"] for page in pages] == [10, 10, 10]
    assert [one["doc_id"] for page in pages for one in page["items"]] == list(range(10))
    [facts, grammar] = answer["tasks"]
    assert facts["scores"] == [60, 40]
    test = facts["differences"][1]["test"]
    assert (test["method"], test["samples"], test["difference"]) == ("mcnemar", 40, -8 / 40)
    assert test["p"] == 2 / 2**8
    assert facts["differences"][1]["is_sure"] is True
    assert grammar["differences"][1]["test"] is None
    assert differing["total"] == 8
    assert (differing["only_first"], differing["only_second"]) == (8, 0)
    assert [pair["second"]["doc_id"] for pair in differing["items"]] == [2, 3, 4]
    assert differing["next"]
    narrowed = {"ids": f"{two.sid},{one.sid}", "task": "facts", "search": "IS 7 a"}
    [seventh] = (await http.get("/api/v1/compare/samples", params=narrowed)).json()["items"]
    assert [seventh[side]["doc_id"] for side in ("first", "second")] == [7, 7]
    none = (await http.get("/api/v1/compare/samples", params=narrowed | {"better": "first"})).json()
    assert (none["total"], none["only_first"], none["only_second"]) == (0, 0, 8)


async def test_what_cannot_be_shown_says_why(
    gateway: RunningGateway, http: httpx.AsyncClient, jetstream: JetStreamContext, tmp_path: Path
) -> None:
    body = samples_file(tmp_path, [chosen(1, right=True)])
    changed = await store_samples(
        jetstream, an_entry("acme/changed"), body, published_as=b"something else"
    )
    gone = await store_samples(jetstream, an_entry("acme/gone"), body)
    details = gone.scores["facts"].details
    assert details
    await (await jetstream.object_store(DETAILS_BUCKET)).delete(details.object_name)
    none = an_entry("acme/none")
    await show(jetstream, changed, gone, none)
    await gateway.until(f"/api/v1/boards/demo/entries/{none.sid}", lambda answer: answer.is_success)

    answers = await asyncio.gather(
        *(http.get(samples_url(entry)) for entry in (changed, gone, none)),
        http.get(samples_url(none, "music")),
        http.get("/api/v1/compare", params={"ids": none.sid}),
        http.get("/api/v1/compare", params={"ids": f"{none.sid},{'0' * 20}"}),
    )

    assert [answer.json()["error"]["code"] for answer in answers] == [
        *["samples-unavailable"] * 3,
        *("task-unknown", "invalid-request", "entry-unknown"),
    ]
    assert "damaged" in answers[0].json()["error"]["message"]
    assert "gone" in answers[1].json()["error"]["message"]


async def test_a_model_is_found_with_its_rows_and_its_family(
    gateway: RunningGateway, http: httpx.AsyncClient, jetstream: JetStreamContext
) -> None:
    base = an_entry("acme/base", facts=40)
    tuned = an_entry("acme/tuned", facts=60).model_copy(update={"base_models": ("acme/base",)})
    await show(jetstream, base, tuned)
    await gateway.until("/api/v1/models/acme/tuned", lambda answer: answer.is_success)

    model = (await http.get("/api/v1/models/Acme/Tuned")).json()
    missing = await http.get("/api/v1/models/acme/nothing")

    assert model["model"] == "acme/tuned"
    [entry] = model["entries"]
    assert [(one["peers"], one["rank"], one["of"]) for one in entry["standings"]] == [
        *(("all", 1, 2), ("size", 1, 2), ("type", 1, 2))
    ]
    assert [one["model"] for one in model["lineage"]["demo"]["ancestors"]] == ["acme/base"]
    assert missing.json()["error"]["code"] == "model-unknown"
