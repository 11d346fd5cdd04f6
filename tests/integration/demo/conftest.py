import os
from dataclasses import replace

import pytest

from demo.content import DemoContent, ensure_content
from demo.recipes import RECIPES, Recipe, Trained


def two_steps(recipe: Recipe) -> Recipe:
    match recipe.how:
        case Trained(steps=steps) as how:
            return replace(recipe, how=replace(how, steps=min(steps, 2)))
    return recipe


@pytest.fixture(scope="session")
def quick_recipes() -> tuple[Recipe, ...]:
    """The demo's own recipes, with trainings of two steps."""
    return tuple(map(two_steps, RECIPES))


@pytest.fixture(scope="session")
def content(
    tmp_path_factory: pytest.TempPathFactory, quick_recipes: tuple[Recipe, ...]
) -> DemoContent:
    """Made once, also when pytest-xdist runs several processes: the others wait for its lock."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return ensure_content(shared / "demo-content", lambda line: None, quick_recipes)
