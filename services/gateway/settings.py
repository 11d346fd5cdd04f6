"""What a gateway can be told through the environment."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from runtime.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    host: str = "127.0.0.1"
    """Address the gateway listens on; `0.0.0.0` in a container."""
    port: int = Field(default=8000, ge=1, le=65535)
    """Port of the page, the API and the health endpoints."""
    hub_url: str = Field(default="https://huggingface.co", validation_alias="HF_ENDPOINT")
    """The Hub that models are looked up on and linked to."""
    hub_token: SecretStr | None = None
    """Hub token for models that the public cannot see; none is sent when unset."""
    hub_timeout_s: float = Field(default=10, gt=0)
    """Longest time the Hub may take to answer."""
    shutdown_grace_s: float = Field(default=5, gt=0)
    """How long requests in flight may take to end after SIGTERM."""
