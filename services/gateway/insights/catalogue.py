"""Every insight there is, in the order of the page."""

from collections.abc import Callable

import polars as pl

from services.gateway.insights.chart import Insight
from services.gateway.insights.distributions import scores_by_type
from services.gateway.insights.fronts import emissions_and_score, size_and_score
from services.gateway.insights.precisions import effect_of_precision
from services.gateway.insights.records import best_over_time
from services.gateway.insights.scope import Scope

INSIGHTS: dict[str, Callable[[pl.DataFrame, Scope], Insight]] = {
    "size": size_and_score,
    "progress": best_over_time,
    "types": scores_by_type,
    "precision": effect_of_precision,
    "emissions": emissions_and_score,
}
"""By `Insight.id`. Rows are those of a board's frame, in any order."""

COLUMNS = (
    "id",
    "model",
    "commit",
    "type",
    "precision",
    "weight_type",
    "chat_template",
    "parameters",
    "average",
    "co2",
    "submitted",
    "uploaded",
)
"""What the insights read of the rows."""
