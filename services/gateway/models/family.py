"""A lineage as a drawing: where each model stands, and which lines join them. Pure."""

from collections import defaultdict
from dataclasses import dataclass

from services.gateway.models.known import Lineage, Relative

WIDTH, HEIGHT = 252.0, 46.0
_GAP_X, _GAP_Y = 44.0, 12.0
_MOST_HOPS = 3
_MOST_CHILDREN = 8


@dataclass(frozen=True)
class Node:
    relative: Relative
    x: float
    y: float
    generation: int
    """0 for the oldest that is drawn."""
    is_self: bool = False


@dataclass(frozen=True)
class Family:
    """Ancestors on the left, children on the right."""

    nodes: tuple[Node, ...]
    lines: tuple[str, ...]
    """SVG paths from parent to child."""
    width: float
    height: float
    more_children: int
    """That are not drawn."""
    node_width: float = WIDTH
    node_height: float = HEIGHT


def draw(itself: Relative, lineage: Lineage) -> Family:
    """`itself` has 0 hops."""
    columns: defaultdict[int, list[Relative]] = defaultdict(list)
    for one in lineage.ancestors:
        if one.hops <= _MOST_HOPS:
            columns[-one.hops].append(one)
    columns[0] = [itself]
    if lineage.children:
        columns[1] = list(lineage.children[:_MOST_CHILDREN])
    tallest = max(map(len, columns.values()))
    height = tallest * (HEIGHT + _GAP_Y) - _GAP_Y
    first = min(columns)
    nodes = {}
    for column, relatives in columns.items():
        top = (height - len(relatives) * (HEIGHT + _GAP_Y) + _GAP_Y) / 2
        for place, one in enumerate(relatives):
            nodes[column, one.model] = Node(
                one,
                (column - first) * (WIDTH + _GAP_X),
                top + place * (HEIGHT + _GAP_Y),
                column - first,
                is_self=column == 0,
            )
    return Family(
        tuple(nodes[key] for key in sorted(nodes, key=lambda key: key[0])),
        tuple(_lines(nodes)),
        len(columns) * (WIDTH + _GAP_X) - _GAP_X,
        height,
        max(0, len(lineage.children) - _MOST_CHILDREN),
    )


def _lines(nodes: dict[tuple[int, str], Node]) -> list[str]:
    lines = []
    for (column, _), node in nodes.items():
        if column < 0:
            parent, child = node, nodes.get((column + 1, node.relative.of))
        elif column > 0:
            parent, child = nodes[0, node.relative.of], node
        else:
            continue
        if child:
            lines.append(_line(parent, child))
    return lines


def _line(parent: Node, child: Node) -> str:
    x1, y1 = parent.x + WIDTH, parent.y + HEIGHT / 2
    x2, y2 = child.x, child.y + HEIGHT / 2
    middle = (x1 + x2) / 2
    return f"M{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}"
