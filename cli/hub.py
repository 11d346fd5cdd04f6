"""What the Hub says about a data set."""

import httpx

_HUGGING_FACE = "https://huggingface.co"


def data_revision(repo_id: str, hub_url: str | None) -> str | None:
    """The commit that `main` is at; None when the Hub, by default Hugging Face's, does not tell."""
    try:
        answer = httpx.get(f"{hub_url or _HUGGING_FACE}/api/datasets/{repo_id}", timeout=10)
    except httpx.HTTPError:
        return None
    commit: str | None = answer.json().get("sha") if answer.is_success else None
    return commit
