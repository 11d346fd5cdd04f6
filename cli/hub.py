"""The Hub that a command is told to use."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from cli.console import fail
from localhub.process import running_localhub

HUGGING_FACE = "https://huggingface.co"


@contextmanager
def hub_url(hub: str) -> Iterator[str]:
    """A URL as it is; a folder is served by a localhub as long as this lasts. Exits with status 2
    when there is no such folder."""
    if "://" in hub:
        yield hub
        return
    if not Path(hub).is_dir():
        fail(
            f"There is no folder {hub} to serve as a Hub.",
            "Give a URL, or a folder as docs/localhub.md describes it, with --hub or HF_ENDPOINT.",
            status=2,
        )
    with running_localhub(Path(hub)) as url:
        yield url


def data_revision(repo_id: str, hub: str) -> str | None:
    """The commit that a data set's `main` is at; None when the Hub does not tell."""
    try:
        answer = httpx.get(f"{hub}/api/datasets/{repo_id}", timeout=10)
    except httpx.HTTPError:
        return None
    commit: str | None = answer.json().get("sha") if answer.is_success else None
    return commit
