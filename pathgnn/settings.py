"""Settings: frozen pydantic models whose fields carry default, help and sweep range."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pathgnn.errors import ConfigError


class Settings(BaseModel):
    """A group of settings: frozen, and an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


AnySettings = TypeVar("AnySettings", bound=Settings)


def setting(
    default: Any, text: str, sweep: tuple[float, float] | None = None, **bounds: Any
) -> Any:
    """A field with its default, its help and, where it may be tuned, its range."""
    extra: dict[str, Any] = {} if sweep is None else {"sweep": list(sweep)}
    return Field(default, description=text, json_schema_extra=extra, **bounds)


def parse(kind: type[AnySettings], content: dict[str, Any], where: str) -> AnySettings:
    """Settings of one kind from plain values.

    Raises:
        ConfigError: naming each wrong field, its value and what was expected.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        wrong = "; ".join(_say(item) for item in error.errors()[:5])
        raise ConfigError(f"{where}: {wrong}") from error


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file, with a clear error when it is missing or broken."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise ConfigError(f"no study file at {path}; `pathgnn init FOLDER` writes one") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} is not a readable TOML file: {error}") from error


def to_toml(settings: Settings) -> str:
    """Settings that differ from their defaults, as TOML that `parse` takes."""
    return tomli_w.dumps(settings.model_dump(mode="json", exclude_defaults=True, exclude_none=True))


def _say(item: Any) -> str:
    name = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"unknown setting '{name}'; check its spelling"
    if item["type"] == "missing":
        return f"setting '{name}' is missing"
    given = item.get("input")
    # A table could hold what nobody else is to read, such as the address of a database.
    what = "a table" if isinstance(given, dict) else repr(given)
    return f"setting '{name}' is {what}: {item['msg']}"
