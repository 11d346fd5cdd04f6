"""The pages' templates and what they may call."""

from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.runtime import Macro
from litestar.plugins.jinja import JinjaTemplateEngine

from services.gateway import formatting

STATIC = Path(__file__).parent / "static"
_TEMPLATES = Path(__file__).parent / "templates"


def template_engine(hub_url: str) -> JinjaTemplateEngine:
    """Everything is escaped, and a name that is not given raises."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "parameters": formatting.parameters,
        "decimals": formatting.decimals,
        "duration": formatting.duration,
        "energy": formatting.energy,
        "mass": formatting.mass,
        "moment": formatting.moment,
        "relative": lambda at: formatting.relative(at, datetime.now(UTC)),
        "until": lambda at: formatting.until(at, datetime.now(UTC)),
        "words": formatting.words,
        "amount": formatting.amount,
        "code_spans": formatting.code_spans,
    }
    environment.tests["web_link"] = formatting.is_web_link
    environment.globals |= {
        "hub_url": hub_url.rstrip("/"),
        # The digest makes a new version a new address, so browsers may keep each for ever.
        "assets": {
            name: f"/static/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"
            for name in _static_files()
        },
        "podium_version": version("podium"),
    }
    environment.globals["ui"] = _components(environment)
    return JinjaTemplateEngine.from_environment(environment)


def _components(environment: Environment) -> SimpleNamespace:
    """Every macro of `components/`, so that templates write `ui.when(at)` and import nothing."""
    modules = [
        environment.get_template(name).module
        for name in environment.list_templates()
        if name.startswith("components/")
    ]
    macros = {name: one for module in modules for name, one in vars(module).items()}
    return SimpleNamespace(**{n: one for n, one in macros.items() if isinstance(one, Macro)})


def _static_files() -> list[str]:
    """By their path below the folder."""
    files = (path for path in STATIC.rglob("*") if path.is_file() and path.name[0] != ".")
    return [path.relative_to(STATIC).as_posix() for path in files]
