"""The order of rows, and where a page of it ends. No two rows are equal in it, so pages neither
repeat nor skip a row that stays where it is, through whichever gateway they come."""

import base64
import binascii
from dataclasses import dataclass

import msgspec
import polars as pl

from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.query.board_columns import Columns
from services.gateway.query.columns import Column, Kind
from services.gateway.query.frame import FOLDED_NAME
from services.gateway.query.language import unknown_field

MOST_KEYS = 8
_CURSOR_VERSION = 1

KeyValue = int | float | str | None


@dataclass(frozen=True)
class Key:
    name: str
    values: pl.Expr
    kind: type[str] | type[float]
    descending: bool

    def may_be(self, value: KeyValue) -> bool:
        return value is None or isinstance(value, str) is (self.kind is str)


class _Position(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    version: int
    order: str
    values: tuple[KeyValue, ...]


@dataclass(frozen=True)
class Order:
    keys: tuple[Key, ...]
    text: str
    """Equal texts mean equal orders."""

    def columns(self) -> list[pl.Expr]:
        return [key.values.alias(f"_{place}") for place, key in enumerate(self.keys)]

    def sort(self, keys: pl.LazyFrame) -> pl.LazyFrame:
        """Of a frame with `columns`. What is unknown comes last, in both directions."""
        return keys.sort(
            [f"_{place}" for place in range(len(self.keys))],
            descending=[key.descending for key in self.keys],
            nulls_last=True,
        )

    def cursor(self, keys: tuple[KeyValue, ...]) -> str:
        """Opaque: it goes on after the row with these keys, whether or not that is still there."""
        position = _Position(_CURSOR_VERSION, self.text, keys)
        return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")

    def after(self, cursor: str) -> pl.Expr:
        """A condition on `columns`. Raises Refusal for what `cursor` has not made."""
        return self._follows(_read(cursor, self))

    def _follows(self, values: tuple[KeyValue, ...]) -> pl.Expr:
        follows = pl.lit(False)
        for place in reversed(range(len(self.keys))):
            cell, value = pl.col(f"_{place}"), values[place]
            beyond = pl.lit(False)
            if value is not None:
                ahead = cell < value if self.keys[place].descending else cell > value
                beyond = ahead | cell.is_null()
            follows = beyond | (cell.eq_missing(pl.lit(value)) & follows)
        return follows


def read_order(sort: str, columns: Columns, weights: str) -> Order:
    """`-average,model`: names of columns, the most important first, descending after a `-`. Raises
    Refusal. `weights` tells averages apart."""
    names = [name.strip() for name in sort.split(",") if name.strip()]
    if len(names) > MOST_KEYS:
        raise Refusal(
            ErrorCode.INVALID_REQUEST,
            f"`sort` names {len(names)} columns; {MOST_KEYS} are the most.",
            "Leave the last ones out; they hardly ever decide.",
            {"parameter": "sort"},
        )
    keys = [_key(name, columns) for name in names]
    keys += [
        Key("scored", pl.col("scored"), float, descending=True),
        Key("model", pl.col(FOLDED_NAME), str, descending=False),
        Key("id", pl.col("id"), str, descending=False),
    ]
    text = ",".join(f"{'-' if key.descending else ''}{key.name}" for key in keys)
    return Order(tuple(keys), f"{text} {weights}".rstrip())


def _key(name: str, columns: Columns) -> Key:
    column = columns.find(name)
    if column is None:
        raise unknown_field(name.lstrip("-+"), columns, "sort")
    kind = str if column.kind in (Kind.TEXT, Kind.CHOICE) else float
    return Key(column.name, _comparable(column), kind, name.startswith("-"))


def _comparable(column: Column) -> pl.Expr:
    cell = pl.col(column.name)
    match column.kind:
        case Kind.TEXT | Kind.CHOICE if column.name == "model":
            return pl.col(FOLDED_NAME)
        case Kind.TEXT | Kind.CHOICE:
            return cell.cast(pl.String).str.to_lowercase()
        case Kind.BOOLEAN:
            return cell.cast(pl.Int64)
        case Kind.TIME:
            return cell.dt.timestamp("us")
        case Kind.NUMBER if column.name == "rank":
            # The same order, and it stays while rows come and go that others are ranked by.
            return -pl.col("average")
        case Kind.NUMBER:
            return cell


def _read(cursor: str, order: Order) -> tuple[KeyValue, ...]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        position = msgspec.json.decode(
            base64.b64decode(padded, b"-_", validate=True), type=_Position
        )
    except (binascii.Error, ValueError, msgspec.DecodeError):
        position = None
    if (
        position is None
        or (position.version, position.order) != (_CURSOR_VERSION, order.text)
        or len(position.values) != len(order.keys)
        or not all(map(Key.may_be, order.keys, position.values))
    ):
        raise Refusal(
            ErrorCode.INVALID_REQUEST,
            "`after` is no cursor of this list in this order.",
            "Take the whole address from `next`, or start again without `after`.",
            {"parameter": "after"},
        )
    return position.values
