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
    root = tmp_path_factory.mktemp("content")
    return ensure_content(root, lambda line: None, quick_recipes)
