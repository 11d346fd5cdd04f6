from pathlib import Path

from demo.sign_in import register_gateway
from localhub.settings import read_apps


def test_demos_on_one_folder_keep_each_others_gateways(tmp_path: Path) -> None:
    ids = [register_gateway(tmp_path, f"http://127.0.0.1:{port}") for port in (8000, 8001, 8000)]

    apps = read_apps(tmp_path / "_apps.json")

    assert ids == ["podium-demo-8000", "podium-demo-8001", "podium-demo-8000"]
    assert {name: set(app.redirect_uris) for name, app in apps.items()} == {
        "podium-demo-8000": {"http://127.0.0.1:8000/sign-in/callback"},
        "podium-demo-8001": {"http://127.0.0.1:8001/sign-in/callback"},
    }


def test_gateways_of_long_ago_are_forgotten(tmp_path: Path) -> None:
    for port in range(9000, 9100):
        register_gateway(tmp_path, f"http://127.0.0.1:{port}")

    apps = read_apps(tmp_path / "_apps.json")

    assert len(apps) < 100
    assert "podium-demo-9099" in apps
