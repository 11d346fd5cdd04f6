import subprocess
import sys
from collections import Counter

import pytest
import yaml

from contracts.models import ModelType, Precision
from demo.cards import model_card
from demo.recipes import RECIPES, Architecture, Defect, Recipe, Spoilt, submissions


@pytest.fixture(params=RECIPES, ids=lambda recipe: recipe.name)
def recipe(request: pytest.FixtureRequest) -> Recipe:
    found: Recipe = request.param
    return found


def front_matter(card: str) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(card.split("---\n")[1])
    return found


def test_bases_come_first_and_share_the_architecture(recipe: Recipe) -> None:
    before = {other.name: other for other in RECIPES[: RECIPES.index(recipe)]}

    assert all(before[base].architecture is recipe.architecture for base in recipe.bases)


def test_the_demo_ranks_at_least_six_models_of_three_architectures() -> None:
    ranked = [found for found in RECIPES if found.expectation.startswith("ranked")]

    assert len(ranked) >= 6
    assert {found.architecture for found in ranked} == set(Architecture)


def test_the_demo_shows_refusals_and_a_failure() -> None:
    outcomes = Counter(found.expectation.partition(":")[0] for found in submissions(RECIPES))

    assert outcomes["refused"] >= 2
    assert outcomes["accepted, then failed in evaluation"] == 1


def test_one_model_is_submitted_in_float16_as_well() -> None:
    entries = submissions(RECIPES)
    half = [entry for entry in entries if entry.precision is Precision.FLOAT16]

    assert len(half) == 1
    assert half[0].model in {entry.model for entry in entries if entry not in half}


def test_a_card_has_a_license_unless_its_lack_is_the_point(recipe: Recipe) -> None:
    unlicensed = isinstance(recipe.how, Spoilt) and recipe.how.defect is Defect.NO_LICENSE

    assert ("license" in front_matter(model_card(recipe))) is not unlicensed


def test_a_card_says_enough_of_the_model(recipe: Recipe) -> None:
    body = model_card(recipe).split("---\n", maxsplit=2)[2]

    assert len(body) >= 200
    assert all(base in body for base in recipe.bases)


def test_a_merge_is_tagged_and_names_both_bases() -> None:
    merge = next(found for found in RECIPES if found.model_type is ModelType.MERGE)
    card = front_matter(model_card(merge))

    assert "merge" in str(card["tags"])
    assert card["base_model"] == [f"podium-demo/{base}" for base in merge.bases]


def test_the_content_module_loads_without_torch_and_transformers() -> None:
    code = "import sys, demo.content; print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"
