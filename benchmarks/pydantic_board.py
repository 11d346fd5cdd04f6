"""A board's page as most leaderboards serve theirs: FastAPI, and pydantic for every row.

Not a straw man: the rows are validated and in order before anybody asks, and each request only
selects and writes the first hundred.

    python -m benchmarks.pydantic_board PORT PAGE.json"""

import json
import sys
from datetime import datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Score(BaseModel):
    raw: float
    normalized: float
    stderr: float | None


class Entry(BaseModel):
    rank: int | None
    rank_best: int | None
    rank_worst: int | None
    rank_group: int | None
    request_id: str
    model: str
    commit: str
    precision: str
    weight_type: str
    base_model: str | None
    base_models: list[str]
    generation: int
    chat_template: bool
    model_type: str
    architecture: str
    license: str
    parameters: int
    is_merge: bool
    is_mixture_of_experts: bool
    is_official: bool
    is_available: bool
    likes: int | None
    average: float | None
    average_stderr: float | None
    average_low: float | None
    average_high: float | None
    provisional: bool
    outstanding: list[str]
    scores: dict[str, Score]
    origin: str
    source: str
    submitted_at: datetime | None
    uploaded_at: datetime | None
    seconds: float
    co2_kg: float | None
    run: int
    board_version: int
    scoring_version: str
    updated_at: datetime
    same_weights_as: list[str]


class Page(BaseModel):
    items: list[Entry]
    board: str
    board_version: int
    total: int


def build_app(page: Page) -> FastAPI:
    app = FastAPI()

    @app.get("/entries")
    async def entries(limit: int = 100) -> Page:
        return Page(
            items=page.items[:limit],
            board=page.board,
            board_version=page.board_version,
            total=page.total,
        )

    return app


if __name__ == "__main__":
    port, file = sys.argv[1:]
    page = Page.model_validate(json.loads(Path(file).read_text()))
    uvicorn.run(build_app(page), port=int(port), log_level="warning", access_log=False)
