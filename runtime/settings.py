"""What every service needs to be told. Each service extends it under a prefix of its own."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

REPOSITORY = Path(__file__).parent.parent


class ServiceSettings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, use_attribute_docstrings=True, extra="ignore")

    nats_url: str = Field(default="nats://127.0.0.1:4222", validation_alias="NATS_URL")
    """Where nats-server listens; user and password may stand in it."""
    log_format: Literal["console", "json"] = Field(
        default="console", validation_alias="PODIUM_LOG_FORMAT"
    )
    """`console` for people, `json` for log collectors."""
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", validation_alias="PODIUM_LOG_LEVEL"
    )
    """The least important level that is printed."""
    boards: Path = Field(default=REPOSITORY / "boards", validation_alias="PODIUM_BOARDS")
    """Folder with one YAML file per leaderboard."""
    health_host: str = Field(default="127.0.0.1", validation_alias="PODIUM_HEALTH_HOST")
    """Address the health endpoints listen on; `0.0.0.0` in a container."""
    health_port: int | None = None
    """Port of `/livez` and `/readyz`; none is opened when unset."""
