"""What the aggregator needs to be told."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from runtime.settings import ServiceSettings
from services.aggregator.sweep import Patience


class AggregatorSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="AGGREGATOR_")

    lost_after_s: float = Field(default=300, gt=0)
    """A request that nothing was heard of for so long is looked for in the queues."""
    look_for_lost_every_s: float = Field(default=60, gt=0)
    """How often that is done."""
    snapshot_every: int = Field(default=20_000, ge=1)
    """Events after which a snapshot is kept for the next start; of a long EVENTS a twentieth."""
    replay_from: int = Field(default=100_000, ge=1)
    """Events from which a start without a snapshot is shared among processes, one per CPU."""

    @property
    def patience(self) -> Patience:
        return Patience(self.lost_after_s, self.look_for_lost_every_s)
