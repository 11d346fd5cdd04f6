from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)


@pytest.fixture(scope="module")
def fenced(write_repo: Callable[..., Path]) -> str:
    write_repo("ada/fenced", {"a.txt": "a"}, likes=1)
    return "ada/fenced"


def status(refusal: "pytest.ExceptionInfo[HfHubHTTPError]") -> int:
    return refusal.value.response.status_code


@pytest.mark.parametrize("repo_id", ["ada/missing", "no-namespace"])
def test_a_missing_repo_is_not_found(hub: str, api: HfApi, repo_id: str) -> None:
    with pytest.raises(RepositoryNotFoundError) as anonymous:
        api.model_info(repo_id)
    with pytest.raises(RepositoryNotFoundError) as known:
        HfApi(endpoint=hub, token="hf_ada").model_info(repo_id)

    assert (status(anonymous), status(known)) == (401, 404)


def test_a_space_is_not_found(api: HfApi) -> None:
    with pytest.raises(RepositoryNotFoundError):
        api.space_info("ada/space")


def test_a_private_repo_is_there_for_its_own_only(
    hub: str, write_repo: Callable[..., Path], api: HfApi
) -> None:
    write_repo("ada/private", {"a.txt": "a"}, private=True)
    write_repo("analytical/private", {"a.txt": "a"}, private=True)
    ada, grace = HfApi(endpoint=hub, token="hf_ada"), HfApi(endpoint=hub, token="hf_grace")

    for repo_id in ("ada/private", "analytical/private"):
        assert ada.model_info(repo_id).private
        with pytest.raises(RepositoryNotFoundError) as anonymous:
            api.model_info(repo_id)
        with pytest.raises(RepositoryNotFoundError) as stranger:
            grace.model_info(repo_id)
        assert (status(anonymous), status(stranger)) == (401, 404)
    assert "ada/private" in [model.id for model in ada.list_models(author="ada")]
    assert "ada/private" not in [model.id for model in grace.list_models(author="ada")]


def test_a_gated_repo_shows_itself_but_gives_files_to_the_accepted_only(
    hub: str, write_repo: Callable[..., Path], api: HfApi, tmp_path: Path
) -> None:
    folder = write_repo("ada/gated", {"a.txt": "a"}, gated="manual")
    grace = HfApi(endpoint=hub, token="hf_grace")

    assert api.model_info("ada/gated").gated == "manual"
    assert api.list_repo_files("ada/gated") == ["a.txt"]
    with pytest.raises(GatedRepoError) as anonymous:
        api.hf_hub_download("ada/gated", "a.txt", local_dir=tmp_path)
    with pytest.raises(GatedRepoError) as stranger:
        grace.auth_check("ada/gated")
    assert (status(anonymous), status(stranger)) == (401, 403)

    (folder / "_hub.json").write_text('{"gated": "manual", "accepted": ["grace"]}')
    grace.auth_check("ada/gated")
    assert Path(grace.hf_hub_download("ada/gated", "a.txt", local_dir=tmp_path)).read_text() == "a"


def test_a_disabled_repo_says_so(write_repo: Callable[..., Path], api: HfApi) -> None:
    write_repo("ada/disabled", {"a.txt": "a"}, disabled=True)

    with pytest.raises(DisabledRepoError):
        api.model_info("ada/disabled")


def test_an_unknown_revision_is_not_found(write_repo: Callable[..., Path], api: HfApi) -> None:
    write_repo("ada/steady", {"a.txt": "a"})

    for revision in ("nowhere", "refs/pr/1", "0" * 40):
        with pytest.raises(RevisionNotFoundError):
            api.model_info("ada/steady", revision=revision)
    with pytest.raises(RevisionNotFoundError):
        api.get_hf_file_metadata(url=f"{api.endpoint}/ada/steady/resolve/{'f' * 40}/a.txt")


def test_a_missing_file_or_folder_is_told_from_a_missing_repo(
    write_repo: Callable[..., Path], api: HfApi, tmp_path: Path
) -> None:
    write_repo("ada/sparse", {"a.txt": "a"})

    assert not api.file_exists("ada/sparse", "b.txt")
    with pytest.raises(RemoteEntryNotFoundError):
        api.hf_hub_download("ada/sparse", "b.txt", cache_dir=tmp_path)
    with pytest.raises(RemoteEntryNotFoundError):
        list(api.list_repo_tree("ada/sparse", "additional_chat_templates"))
    # The client remembers what the commit does not have.
    assert list(tmp_path.glob("models--ada--sparse/.no_exist/*/b.txt"))


def test_whoami_knows_the_user_of_a_token(hub: str) -> None:
    ada = HfApi(endpoint=hub, token="hf_ada").whoami()

    assert (ada["type"], ada["name"], ada["fullname"]) == ("user", "ada", "Ada Lovelace")
    assert [org["name"] for org in ada["orgs"]] == ["analytical"]


def test_an_unknown_token_is_refused_everywhere(hub: str, write_repo: Callable[..., Path]) -> None:
    write_repo("ada/open", {"a.txt": "a"})
    stranger = HfApi(endpoint=hub, token="hf_unknown")

    with pytest.raises(HfHubHTTPError, match="Invalid user token") as whoami:
        stranger.whoami()
    with pytest.raises(HfHubHTTPError) as info:
        stranger.model_info("ada/open")

    assert (status(whoami), status(info)) == (401, 401)
    assert not isinstance(info.value, RepositoryNotFoundError)


@pytest.mark.parametrize(
    "path",
    [
        "_hub.json",
        "%2e%2e/%2e%2e/%2e%2e/_tokens.json",
        "..%2f..%2f..%2f_tokens.json",
        "%2fetc%2fpasswd",
        "a.txt/../_hub.json",
        "a.txt%00%0d%0aX-Injected:%20yes%ff%e2%82%ac",
    ],
)
def test_no_address_leads_out_of_a_repo_or_of_a_header(hub: str, fenced: str, path: str) -> None:
    with pytest.raises(HTTPError) as refusal:
        urlopen(f"{hub}/{fenced}/resolve/main/{path}", timeout=60)

    with refusal.value as answer:
        assert (answer.code, answer.headers["X-Error-Code"]) == (404, "EntryNotFound")
        assert answer.headers["X-Injected"] is None


@pytest.mark.parametrize("repo_id", ["..%2f..", "%2e%2e/models", "ada/%2e%2e"])
def test_no_repo_id_leads_out_of_the_root(hub: str, repo_id: str) -> None:
    with pytest.raises(HTTPError) as refusal:
        urlopen(f"{hub}/api/models/{repo_id}", timeout=60)

    with refusal.value as answer:
        assert answer.headers["X-Error-Code"] == "RepoNotFound"


def test_malformed_settings_are_a_fault_that_names_the_file(
    write_repo: Callable[..., Path], api: HfApi
) -> None:
    folder = write_repo("malformed/model", {"a.txt": "a"}, privat=True)

    with pytest.raises(HfHubHTTPError, match=r"malformed/model/_hub\.json") as refusal:
        api.model_info("malformed/model")
    (folder / "_hub.json").unlink()

    assert status(refusal) == 500
    assert api.model_info("malformed/model").id == "malformed/model"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/livez", 200),
        ("HEAD", "/", 200),
        ("HEAD", "/api/models", 200),
        ("HEAD", "/api/telemetry/transformers", 404),
        ("GET", "/api/agent-harnesses", 404),
        ("POST", "/api/repos/create", 405),
    ],
)
def test_every_answer_has_a_request_id(hub: str, method: str, path: str, expected: int) -> None:
    request = Request(hub + path, method=method)
    try:
        with urlopen(request, timeout=60) as answer:
            code, headers = answer.status, answer.headers
    except HTTPError as refusal:
        with refusal:
            code, headers = refusal.code, refusal.headers

    assert code == expected
    assert headers["X-Request-Id"]
