"""Sequences of tokens → their prefix tree, laid out as one stream.

Sorted, each sequence shares its longest prefix with a neighbour. Written one after another, only
what is new in each, they are the tree in depth-first order: a node's subtree is the stretch of the
stream behind it, and token `k` is an ancestor of token `q` exactly when `k <= q < end[k]`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PrefixTree:
    """int32 arrays of one length: the tokens in stream order."""

    tokens: np.ndarray
    positions: np.ndarray
    """Depth in the tree, which is the token's place in its sequence."""
    ends: np.ndarray
    """Index in the stream behind the last token of the subtree."""

    def __len__(self) -> int:
        return len(self.tokens)


class Paths:
    """The way from the root to any token of a tree."""

    def __init__(self, tree: PrefixTree) -> None:
        positions = tree.positions
        # Where the stream does not simply go one deeper, it has gone back to a branching.
        self._starts = np.flatnonzero(np.diff(positions, prepend=-2) != 1)
        self._parents = np.full(len(self._starts), -1)
        open_runs: list[tuple[int, int]] = []  # of the current path: depth, index in the stream
        depths = positions[self._starts].tolist()
        for run, (start, depth) in enumerate(zip(self._starts.tolist(), depths, strict=True)):
            while open_runs and open_runs[-1][0] >= depth:
                open_runs.pop()
            if open_runs:
                at, begins = open_runs[-1]
                self._parents[run] = begins + depth - 1 - at
            open_runs.append((depth, start))

    def to(self, node: int) -> np.ndarray:
        """Stream indices of `node` and its ancestors, the root first."""
        pieces = []
        while node >= 0:
            run = int(np.searchsorted(self._starts, node, side="right")) - 1
            pieces.append(np.arange(self._starts[run], node + 1))
            node = int(self._parents[run])
        return np.concatenate(pieces[::-1])


def plant(sequences: Sequence[np.ndarray]) -> tuple[PrefixTree, list[np.ndarray]]:
    """The tree of some int32 sequences, and for each of them the stream indices of its tokens."""
    # Big-endian bytes compare as the numbers do, and memcmp is faster than comparing tuples.
    keys = [sequence.astype(">u4").tobytes() for sequence in sequences]
    order = sorted(range(len(sequences)), key=keys.__getitem__)
    tokens: list[np.ndarray] = []
    positions: list[np.ndarray] = []
    closed: list[tuple[np.ndarray, int]] = []
    paths: list[np.ndarray] = [np.empty(0, np.int32)] * len(sequences)
    previous = path = np.empty(0, np.int32)
    total = 0
    for index in order:
        sequence = sequences[index]
        shared = common_prefix(previous, sequence)
        closed.append((path[shared:], total))
        new = np.arange(total, total + len(sequence) - shared, dtype=np.int32)
        tokens.append(sequence[shared:])
        positions.append(np.arange(shared, len(sequence), dtype=np.int32))
        total += len(new)
        path = np.concatenate([path[:shared], new])
        previous = sequence
        paths[index] = path
    closed.append((path, total))
    ends = np.empty(total, np.int32)
    for nodes, end in closed:
        ends[nodes] = end
    if not total:
        return PrefixTree(*(np.empty(0, np.int32),) * 3), paths
    return PrefixTree(np.concatenate(tokens), np.concatenate(positions), ends), paths


def common_prefix(one: np.ndarray, other: np.ndarray) -> int:
    """Number of tokens that both begin with."""
    shorter = min(len(one), len(other))
    different = np.flatnonzero(one[:shorter] != other[:shorter])
    return int(different[0]) if len(different) else shorter
