"""The invented world that the demo's texts and questions are about: vocabulary and facts.

Nothing here is true of the real world, so no score can come from anywhere but the demo's own text.
"""

import random
from dataclasses import dataclass
from functools import cache

SEED = 20_260_101

ANIMALS = (
    "fox", "bear", "owl", "crow", "frog", "goat", "hare", "lynx", "mole", "newt",
    "otter", "mule", "rat", "seal", "swan", "toad", "wasp", "bat", "crab", "duck",
    "eagle", "horse", "lamb", "moth",
)  # fmt: skip
COLOURS = ("red", "blue", "green", "black", "white", "grey", "brown", "pink")
HOMES = ("forest", "river", "desert", "cave", "garden", "tower", "lake", "valley")
FOODS = ("bread", "rice", "corn", "nuts", "figs", "beans", "plums", "soup")
VERBS = ("run", "jump", "sing", "sleep", "swim", "dig", "hide", "wait", "eat", "sit")
GIRLS = ("Ana", "Eva", "Ida", "Lea", "Mia", "Zoe")
BOYS = ("Ben", "Cid", "Dan", "Leo", "Max", "Tom")
NAMES = GIRLS + BOYS
OBJECTS = ("key", "ball", "book", "coat", "cup", "drum", "hat", "kite", "lamp", "ring")


@dataclass(frozen=True)
class Attribute:
    """One thing every animal of the world has, with the ways of asking for it and of stating it."""

    name: str
    values: tuple[str, ...]
    questions: tuple[str, str]
    statements: tuple[str, ...]


ATTRIBUTES = (
    Attribute(
        "colour",
        COLOURS,
        ("What colour is the {animal}?", "The {animal} is of which colour?"),
        ("The {animal} is {value}.", "The colour of the {animal} is {value}."),
    ),
    Attribute(
        "home",
        HOMES,
        ("Where does the {animal} live?", "The {animal} has which home?"),
        ("The {animal} lives in the {value}.", "The home of the {animal} is the {value}."),
    ),
    Attribute(
        "food",
        FOODS,
        ("What does the {animal} eat?", "The {animal} eats which food?"),
        ("The {animal} eats {value}.", "The food of the {animal} is {value}."),
    ),
)


@dataclass(frozen=True)
class Fact:
    """What one animal's attribute is in this world."""

    animal: str
    attribute: Attribute
    value: str


@cache
def facts() -> tuple[Fact, ...]:
    """Every fact of the world, one for each animal and attribute; the same at every call.

    Each value belongs to equally many animals, so that a model's liking for a word wins nothing.
    """
    rng = random.Random(SEED)
    found: list[Fact] = []
    for attribute in ATTRIBUTES:
        values = list(attribute.values) * (len(ANIMALS) // len(attribute.values))
        rng.shuffle(values)
        found += [
            Fact(animal, attribute, value) for animal, value in zip(ANIMALS, values, strict=True)
        ]
    return tuple(found)


@dataclass(frozen=True)
class Situation:
    """The plot of a story: how it begins, and a short and a long way for it to end.

    `{name}`, `{pronoun}` and `{object}` are filled in.
    """

    opening: str
    endings: tuple[str, str]


SITUATIONS = (
    Situation(
        "{name} lost the {object} in the field.",
        (
            "{pronoun} looked for the {object}.",
            "{pronoun} walked back and looked for the {object}.",
        ),
    ),
    Situation(
        "{name} found an old {object} near the road.",
        ("{pronoun} took the {object} home.", "{pronoun} was happy and took the {object} home."),
    ),
    Situation(
        "{name} broke the {object} at the barn.",
        ("{pronoun} mended the {object}.", "{pronoun} was sorry and mended the {object} at night."),
    ),
    Situation(
        "{name} wanted to buy a {object}.",
        (
            "{pronoun} paid for the {object}.",
            "{pronoun} went to the shop and paid for the {object}.",
        ),
    ),
    Situation(
        "{name} saw that the {object} was dirty.",
        ("{pronoun} washed the {object}.", "{pronoun} went to the river and washed the {object}."),
    ),
    Situation(
        "{name} got a {object} for a friend.",
        (
            "{pronoun} gave away the {object}.",
            "{pronoun} met the friend and gave away the {object}.",
        ),
    ),
)
