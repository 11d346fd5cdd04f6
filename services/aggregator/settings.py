"""What the aggregator needs to be told."""

from pydantic_settings import SettingsConfigDict

from runtime.settings import ServiceSettings


class AggregatorSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="AGGREGATOR_")
