from pathlib import Path

import pytest

from localhub.settings import MalformedSettings, read_repo_settings


def test_a_misspelt_setting_is_named_with_its_file(tmp_path: Path) -> None:
    file = tmp_path / "_hub.json"
    file.write_text('{"privat": true, "gated": "sometimes"}')

    with pytest.raises(MalformedSettings, match=r"_hub\.json is malformed.*\$\.gated.*\$\.privat"):
        read_repo_settings(file)


def test_settings_that_are_no_json_say_so(tmp_path: Path) -> None:
    file = tmp_path / "_hub.json"
    file.write_text("private: true")

    with pytest.raises(MalformedSettings, match="Invalid JSON"):
        read_repo_settings(file)
