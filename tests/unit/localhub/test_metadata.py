import json
from pathlib import Path

import pytest

from localhub.metadata import read_card, read_json_object, read_parameters


def test_a_card_is_the_front_matter_alone(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("---\nlicense: mit\nmade: 2024-02-03\n---\n# Title\n---\nlicense: other\n")

    assert read_card(readme) == {"license": "mit", "made": "2024-02-03"}


@pytest.mark.parametrize(
    "text",
    [
        "# No front matter\n",
        "---\nlicense: [\n---\n",
        "---\njust words\n---\n",
        "---\nnever: closed\n",
        "---\nwhen: 2024-13-45\n---\n",
        "---\na: &a [1]\nb: *a\n---\n",
    ],
)
def test_a_card_that_cannot_be_read_says_nothing(tmp_path: Path, text: str) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(text)

    assert read_card(readme) == {}


@pytest.mark.parametrize("text", ["[1]", "{", "[" * 100_000, r'{"a": "\ud800"}'])
def test_a_config_that_is_no_object_says_nothing(tmp_path: Path, text: str) -> None:
    config = tmp_path / "config.json"
    config.write_text(text)

    assert read_json_object(config) == {}


def test_parameters_are_counted_by_dtype_from_the_header_alone(tmp_path: Path) -> None:
    header = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
            "b": {"dtype": "F32", "shape": [], "data_offsets": [24, 28]},
            "c": {"dtype": "BF16", "shape": [5], "data_offsets": [28, 38]},
        }
    ).encode()
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(len(header).to_bytes(8, "little") + header)

    assert read_parameters(weights) == {"F32": 7, "BF16": 5}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 64,
        (2).to_bytes(8, "little") + b"[]",
        (13).to_bytes(8, "little") + b'{"a": "text"}',
    ],
)
def test_a_file_that_is_no_safetensors_counts_nothing(tmp_path: Path, content: bytes) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(content)

    assert read_parameters(weights) == {}
