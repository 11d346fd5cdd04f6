"""What a service's image would install, read from installed metadata: no network, no Docker."""

from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def installed_by(distribution: str, extra: str, seen: set[tuple[str, str]]) -> set[str]:
    """Names of everything that `distribution[extra]` pulls in."""
    if (distribution, extra) in seen:
        return set()
    seen.add((distribution, extra))
    try:
        requirements = [Requirement(line) for line in requires(distribution) or ()]
    except PackageNotFoundError:
        return set()
    found: set[str] = set()
    for requirement in requirements:
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        found.add(name)
        for nested in requirement.extras or {""}:
            found |= installed_by(name, nested, seen)
    return found


@pytest.mark.parametrize("service", ["gateway", "validator", "aggregator", "localhub", "cli"])
def test_only_the_evaluator_pulls_in_torch(service: str) -> None:
    installed = installed_by("podium", service, set())

    assert installed.isdisjoint({"torch", "lm-eval", "accelerate"})


def test_the_evaluator_does() -> None:
    assert {"torch", "lm-eval"} <= installed_by("podium", "evaluator", set())


@pytest.mark.parametrize("service", ["evaluator", "validator", "aggregator", "localhub", "cli"])
def test_only_the_gateway_pulls_in_its_web_framework(service: str) -> None:
    assert installed_by("podium", service, set()).isdisjoint({"litestar", "granian", "msgspec"})
