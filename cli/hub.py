"""The Hub that a command is told to use."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from localhub.process import running_localhub

HUGGING_FACE = "https://huggingface.co"


@contextmanager
def hub_url(hub: str) -> Iterator[str]:
    """A URL as it is; a folder is served by a localhub as long as this lasts."""
    if "://" in hub:
        yield hub
    else:
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
