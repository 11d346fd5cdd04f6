"""What the validator needs to be told."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from runtime.settings import ServiceSettings


class ValidatorSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="VALIDATOR_")

    hub_url: str = Field(default="https://huggingface.co", validation_alias="HF_ENDPOINT")
    """The Hub that models are looked up on."""
    hub_timeout_s: float = Field(default=10, gt=0)
    """Longest time the Hub may take for one answer, in seconds."""
    hub_retry_s: float = Field(default=60, gt=0)
    """Longest time between two attempts to validate while the Hub does not answer, in seconds."""
    scratch: Path | None = None
    """Where a model's configuration lies while it is examined; the system's temporary folder when
    unset. Nothing stays there."""
