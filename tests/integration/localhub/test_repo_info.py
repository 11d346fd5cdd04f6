import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import RevisionNotFoundError
from safetensors.numpy import save

CARD = """---
license: apache-2.0
base_model: ada/elder
library_name: transformers
tags: [tiny]
language: en
---
# A model
"""
CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 8}


def test_model_info_tells_card_config_parameters_and_files(
    write_repo: Callable[..., Path], api: HfApi
) -> None:
    write_repo(
        "ada/described",
        {
            "README.md": CARD,
            "config.json": json.dumps(CONFIG),
            "model.safetensors": save({"w": np.zeros((4, 5), np.float16)}),
        },
        likes=3,
    )

    info = api.model_info("ada/described")

    assert info.id == "ada/described"
    assert info.author == "ada"
    assert info.likes == 3
    assert (info.private, info.gated, info.disabled) == (False, False, False)
    assert info.card_data is not None
    assert info.card_data.license == "apache-2.0"
    assert info.config == {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
    assert info.pipeline_tag == "text-generation"
    assert info.safetensors is not None
    assert (info.safetensors.parameters, info.safetensors.total) == ({"F16": 20}, 20)
    assert info.tags is not None
    expected = {"license:apache-2.0", "base_model:ada/elder", "tiny", "en", "llama", "safetensors"}
    assert expected <= set(info.tags)
    assert info.siblings is not None
    names = [sibling.rfilename for sibling in info.siblings]
    assert names == ["README.md", "config.json", "model.safetensors"]
    assert [sibling.size for sibling in info.siblings] == [None] * 3


def test_files_metadata_tells_sizes_and_both_kinds_of_hash(
    write_repo: Callable[..., Path], api: HfApi
) -> None:
    write_repo("ada/hashed", {"hello.txt": "hello\n", "model.bin": b"weights"})

    siblings = api.model_info("ada/hashed", files_metadata=True, securityStatus=True).siblings

    assert siblings is not None
    text, weights = siblings
    assert (text.blob_id, text.size, text.lfs) == (
        "ce013625030ba8dba906f756967f9e9ca394464a",
        6,
        None,
    )
    assert weights.size == 7
    assert weights.lfs is not None
    assert weights.lfs.sha256 == hashlib.sha256(b"weights").hexdigest()


def test_expand_answers_only_what_was_asked(write_repo: Callable[..., Path], api: HfApi) -> None:
    write_repo("ada/expanded", {"README.md": CARD}, downloads=7)

    info = api.model_info("ada/expanded", expand=["downloads", "tags"])

    assert info.downloads == 7
    assert info.tags is not None
    assert (info.sha, info.siblings, info.card_data) == (None, None, None)


def test_a_revision_is_a_branch_a_tag_a_ref_or_a_commit(
    write_repo: Callable[..., Path], api: HfApi
) -> None:
    write_repo(
        "ada/revised", {"a.txt": "new", "_branches/dev/a.txt": "next", "_tags/v1/a.txt": "old"}
    )

    main, dev, v1 = (api.model_info("ada/revised", revision=r).sha for r in ("main", "dev", "v1"))

    assert len({main, dev, v1}) == 3
    assert main is not None
    assert v1 is not None
    for revision in (v1, v1[:8], "refs/tags/v1"):
        assert api.model_info("ada/revised", revision=revision).sha == v1
    refs = api.list_repo_refs("ada/revised")
    assert [(b.name, b.ref, b.target_commit) for b in refs.branches] == [
        ("main", "refs/heads/main", main),
        ("dev", "refs/heads/dev", dev),
    ]
    assert [(tag.name, tag.target_commit) for tag in refs.tags] == [("v1", v1)]
    assert api.list_repo_files("ada/revised") == ["a.txt"]


def test_the_commit_follows_the_content_and_an_old_one_is_gone(
    write_repo: Callable[..., Path], api: HfApi
) -> None:
    folder = write_repo("ada/changing", {"a.txt": "one"})
    first = api.model_info("ada/changing").sha
    (folder / "a.txt").write_text("three")
    second = api.model_info("ada/changing").sha
    (folder / "a.txt").write_text("one")
    third = api.model_info("ada/changing").sha

    assert first == third != second
    with pytest.raises(RevisionNotFoundError):
        api.model_info("ada/changing", revision=second)


def test_settings_change_the_answer_but_not_the_commit(
    write_repo: Callable[..., Path], api: HfApi
) -> None:
    folder = write_repo("ada/dated", {"a.txt": "a"})
    before = api.model_info("ada/dated")
    (folder / "_hub.json").write_text(
        json.dumps(
            {"createdAt": "2024-01-02T03:04:05+01:00", "lastModified": "2025-01-01T00:00:00Z"}
        )
    )

    after = api.model_info("ada/dated")

    assert after.sha == before.sha
    assert after.created_at is not None
    assert after.created_at.isoformat() == "2024-01-02T02:04:05+00:00"
    assert after.last_modified is not None
    assert after.last_modified.isoformat() == "2025-01-01T00:00:00+00:00"


def test_a_repo_has_one_commit_per_revision(write_repo: Callable[..., Path], api: HfApi) -> None:
    write_repo("ada/committed", {"a.txt": "a"})

    (commit,) = api.list_repo_commits("ada/committed")

    assert commit.commit_id == api.model_info("ada/committed").sha
    assert commit.authors == ["ada"]


def test_dataset_info_tells_the_tags_of_its_card(
    write_repo: Callable[..., Path], api: HfApi
) -> None:
    card = "---\nlicense: mit\ntask_categories: [question-answering]\n---\n"
    write_repo("ada/questions", {"README.md": card}, kind="datasets")

    info = api.dataset_info("ada/questions")

    assert info.tags == ["task_categories:question-answering", "license:mit", "region:us"]
