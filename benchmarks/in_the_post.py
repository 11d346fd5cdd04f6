"""Submitting as the Open LLM Leaderboard's last backend did it: everything within the POST.

The same checks in the same order, over the same Hub, in threads as there: look the commit up, load
config (downloaded anew) and tokenizer, read the card, read the headers of the weights, write the
request down. Not its code. Left out are the list of official providers, which it fetched with each
POST, and the upload of the request to a repository; both only cost more.

    HF_ENDPOINT=… python -m benchmarks.in_the_post PORT FOLDER"""

import asyncio
import json
import sys
from pathlib import Path

import uvicorn
from huggingface_hub import HfApi, ModelCard
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from transformers import AutoConfig, AutoTokenizer

SHORTEST_CARD = 200


def build_app(folder: Path) -> Starlette:
    hub = HfApi(token=False)
    known: set[tuple[str, str]] = set()

    async def submit(request: Request) -> JSONResponse:
        asked = await request.json()
        model = asked["model"]
        commit = (await asyncio.to_thread(hub.model_info, model)).sha or ""
        if (model, commit) in known:
            return _refused(409, "already in the system")
        options = {"revision": commit, "token": False}
        await asyncio.to_thread(AutoConfig.from_pretrained, model, force_download=True, **options)
        await asyncio.to_thread(AutoTokenizer.from_pretrained, model, **options)
        card = await asyncio.to_thread(ModelCard.load, model)
        if not card.data.get("license"):
            return _refused(400, "no licence")
        if len(card.text) < SHORTEST_CARD:
            return _refused(400, "the card is too short")
        weights = await asyncio.to_thread(hub.get_safetensors_metadata, model, revision=commit)
        known.add((model, commit))
        body = {**asked, "commit": commit, "params": sum(weights.parameter_count.values())}
        name = f"{model.replace('/', '__')}.json"
        await asyncio.to_thread((folder / name).write_text, json.dumps(body))
        return JSONResponse({"id": name}, status_code=202)

    async def alive(request: Request) -> JSONResponse:
        return JSONResponse({})

    return Starlette(
        routes=[
            Route("/api/v1/submissions", submit, methods=["POST"]),
            Route("/readyz", alive),
        ]
    )


def _refused(status: int, code: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code}}, status_code=status)


if __name__ == "__main__":
    uvicorn.run(build_app(Path(sys.argv[2])), port=int(sys.argv[1]), log_level="warning")
