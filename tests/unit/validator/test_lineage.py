import itertools

from services.validator.lineage import MOST_GENERATIONS, generation


def test_a_model_without_a_base_is_of_generation_0() -> None:
    assert generation("a/a", (), lambda name: ()) == 0


def test_the_farthest_ancestor_counts() -> None:
    parents = {"a/long": ("a/longer",), "a/longer": ("a/root",), "a/short": ()}

    assert generation("a/a", ("a/short", "a/long"), lambda name: parents.get(name, ())) == 3


def test_circles_end() -> None:
    parents = {"a/b": ("a/c",), "a/c": ("a/a", "a/b", "a/c")}

    assert generation("a/a", ("a/b", "a/a"), lambda name: parents[name]) == 2


def test_a_long_line_is_followed_so_far_and_no_farther() -> None:
    asked: list[str] = []
    names = itertools.count()

    def parents(name: str) -> tuple[str, ...]:
        asked.append(name)
        return tuple(f"a/{next(names)}" for _ in range(10))

    assert generation("a/a", ("a/b",), parents) <= MOST_GENERATIONS
    assert len(asked) == 40
