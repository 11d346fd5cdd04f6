"""A service that is told nonsense says so, and does not start."""

import pytest

from services.gateway.settings import GatewaySettings


def test_each_variable_that_cannot_be_used_is_named_with_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "99999")
    monkeypatch.setenv("GATEWAY_MODERATORS", "ada")
    monkeypatch.setenv("PODIUM_LOG_LEVEL", "loud")

    with pytest.raises(SystemExit) as ended:
        GatewaySettings.of_environment()

    told = str(ended.value)
    assert "GATEWAY_PORT cannot be '99999': Input should be less than or equal to 65535" in told
    assert "GATEWAY_MODERATORS cannot be 'ada'" in told
    assert "Lists are JSON" in told
    assert "PODIUM_LOG_LEVEL cannot be 'loud'" in told


def test_a_secret_that_cannot_be_used_stays_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_SESSION_SECRET", "too short a secret")

    with pytest.raises(SystemExit) as ended:
        GatewaySettings.of_environment()

    assert "GATEWAY_SESSION_SECRET cannot be" in str(ended.value)
    assert "too short a secret" not in str(ended.value)


def test_lists_are_read_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_MODERATORS", '["ada", "grace"]')

    assert GatewaySettings.of_environment().moderators == {"ada", "grace"}
