from collections.abc import Callable, Iterable
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import HfApi, ModelInfo
from huggingface_hub.errors import BadRequestError


@pytest.fixture(scope="module")
def author(write_repo: Callable[..., Path]) -> str:
    """Has four models: one private, one disabled."""
    for name, license_name, likes in (("small-cat", "mit", 1), ("small-dog", "apache-2.0", 5)):
        card = f"---\nlicense: {license_name}\n---\n"
        write_repo(f"lister/{name}", {"README.md": card}, likes=likes)
    write_repo("lister/secret-cat", {"README.md": ""}, private=True)
    write_repo("lister/banned-cat", {"README.md": ""}, disabled=True)
    return "lister"


def ids(models: Iterable[ModelInfo]) -> list[str]:
    return [model.id for model in models]


def test_a_list_holds_what_everyone_may_see(author: str, api: HfApi) -> None:
    assert ids(api.list_models(author=author)) == ["lister/small-cat", "lister/small-dog"]
    assert ids(api.list_models(author="nobody")) == []


def test_a_list_is_searched_filtered_and_sorted(author: str, api: HfApi) -> None:
    assert ids(api.list_models(author=author, search="CAT")) == ["lister/small-cat"]
    assert ids(api.list_models(author=author, filter="license:mit")) == ["lister/small-cat"]
    assert ids(api.list_models(author=author, filter=["license:mit", "absent"])) == []
    assert ids(api.list_models(author=author, sort="likes")) == [
        "lister/small-dog",
        "lister/small-cat",
    ]


def test_the_link_of_a_page_leads_to_the_next_until_there_is_none(author: str, hub: str) -> None:
    query = f"{hub}/api/models?author={author}&limit=1"
    first = httpx2.get(query)
    second = httpx2.get(first.links["next"]["url"])

    assert [model["id"] for model in first.json()] == ["lister/small-cat"]
    assert [model["id"] for model in second.json()] == ["lister/small-dog"]
    assert "next" not in second.links


def test_full_lists_tell_files_and_commits(author: str, api: HfApi) -> None:
    cat = next(iter(api.list_models(author=author, full=True, cardData=True)))

    assert cat.sha == api.model_info(cat.id).sha
    assert cat.siblings is not None
    assert [sibling.rfilename for sibling in cat.siblings] == ["README.md"]
    assert cat.card_data is not None
    assert cat.card_data.license == "mit"


def test_a_filter_that_is_not_served_is_refused(api: HfApi) -> None:
    with pytest.raises(BadRequestError, match="inference"):
        ids(api.list_models(inference="warm"))


def test_datasets_are_listed_apart_from_models(
    author: str, write_repo: Callable[..., Path], api: HfApi
) -> None:
    write_repo("lister/rows", {"rows.jsonl": "{}\n"}, kind="datasets")

    assert [dataset.id for dataset in api.list_datasets(author=author)] == ["lister/rows"]
    assert "lister/rows" not in ids(api.list_models(author=author))
