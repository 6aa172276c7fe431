"""The server's settings: DIR/ledger.toml, each also LEDGER_NAME in the environment, all mistakes told at once."""

import ipaddress
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ledger.core.errors import ConfigInvalid
from ledger.service.authorise import Grant, Role
from ledger.service.certificates import SCHEME

FILE: Final = "ledger.toml"
SOCKET_LIMIT: Final = 107
"""Bytes of a local socket's path on Linux."""


_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def _check_fingerprint(value: str) -> str:
    if not _FINGERPRINT.fullmatch(value):
        raise ValueError("must be a SHA-256 in 64 lower-case hex digits, without colons")
    return value


Fingerprint = Annotated[str, AfterValidator(_check_fingerprint)]
"""SHA-256 of a certificate's DER; any other spelling would silently match none."""


class GrantSettings(BaseModel):
    """One ``[[grants]]`` table: a role, by URI name (``ledger://source/*``) or by certificate fingerprint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role
    san: str = ""
    fingerprint: Fingerprint = ""
    name: str = ""

    @model_validator(mode="after")
    def _one_way(self) -> "GrantSettings":
        if bool(self.san) == bool(self.fingerprint):
            raise ValueError("exactly one of san and fingerprint is needed")
        if self.san and not self.san.endswith("/*"):
            raise ValueError("san must end with /*, which stands for the name")
        if self.san and self.name:
            raise ValueError("a name goes with a fingerprint; san's * stands for it")
        if self.fingerprint and not self.name:
            raise ValueError("a fingerprint needs the name it stands for")
        return self

    def grant(self) -> Grant:
        """Return the grant."""
        return Grant(self.role, self.san.removesuffix("*"), self.fingerprint, self.name)


DEFAULT_GRANTS: Final = tuple(
    GrantSettings(role=role, san=f"{SCHEME}{role}/*") for role in ("source", "auditor", "admin")
)


class Settings(BaseSettings):
    """What ``ledger serve`` goes by; relative paths are below ``directory``.

    An empty ``…_listen`` switches a listener off; ``public_address`` and ``role_address`` are what clients dial, where
    that is not what the server binds.
    """

    model_config = SettingsConfigDict(env_prefix="LEDGER_", extra="forbid", frozen=True)
    file: ClassVar[Path] = Path(FILE)

    directory: Path = Path()
    public_listen: str = "127.0.0.1:7440"
    role_listen: str = "127.0.0.1:7441"
    plaintext_listen: str = ""
    public_address: str = ""
    role_address: str = ""
    metrics_listen: str = "127.0.0.1:7442"
    http_listen: str = ""
    admin_socket: Path = Field(default=Path("admin.sock"), validate_default=True)
    store: Path = Path("store")
    keys: Path = Path("keys")
    high_water: Path = Path("high-water.json")
    server_certificate: Path = Path("certs/server.crt")
    server_key: Path = Path("certs/server.key")
    client_authority: Path = Path("certs/ca.crt")
    grants: Annotated[tuple[GrantSettings, ...], NoDecode] = DEFAULT_GRANTS
    refused_certificates: Annotated[frozenset[Fingerprint], NoDecode] = frozenset()
    queue_bytes: int = Field(default=64 * 1024 * 1024, ge=8 * 1024 * 1024, le=4 * 1024**3)
    workers: int = Field(default=2, ge=1, le=64)
    quorum_seconds: float = Field(default=10, gt=0, le=600)
    confirm_start: bool = True
    anchor_minutes: int = Field(default=60, ge=1, le=1440)
    idle_anchor_minutes: int = Field(default=1440, ge=1, le=1440)
    stop_seconds: float = Field(default=30, gt=0, le=600)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, cls.file)

    @field_validator("public_listen", "role_listen", "metrics_listen", "http_listen", "public_address", "role_address")
    @classmethod
    def _address(cls, value: str) -> str:
        if value:
            split_address(value)
        return value

    @field_validator("plaintext_listen")
    @classmethod
    def _loopback(cls, value: str) -> str:
        if value and not _is_loopback(split_address(value)[0]):
            raise ValueError("plaintext is for loopback only: use 127.0.0.1 or [::1]")
        return value

    @field_validator("grants", "refused_certificates", mode="before")
    @classmethod
    def _from_json(cls, value: Any) -> Any:
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError:
            raise ValueError("must be JSON in the environment") from None

    @field_validator("admin_socket")
    @classmethod
    def _socket_fits(cls, value: Path, info: ValidationInfo) -> Path:
        if len(os.fsencode((info.data["directory"] / value).absolute())) > SOCKET_LIMIT:
            raise ValueError(f"its whole path must be at most {SOCKET_LIMIT} bytes; name a shorter one")
        return value

    def path(self, path: Path) -> Path:
        """Return a configured path, relative ones taken from ``directory``."""
        return (self.directory / path).absolute()


def load(directory: Path) -> Settings:
    """Return the settings of ``directory``.

    Raises:
        ConfigInvalid: with every mistake of file and environment, each naming its setting, never its value.
    """
    path = directory / FILE
    if not path.is_file():
        raise ConfigInvalid([f"{path}: missing; ledgerctl init makes one"])

    settings = check(directory)
    missing = [
        f"{name}: the file is missing"
        for name in ("server_certificate", "server_key", "client_authority")
        if not settings.path(getattr(settings, name)).is_file()
    ]
    if missing:
        raise ConfigInvalid([f"{path}: {problem}" for problem in missing])
    return settings


def check(directory: Path, **given: Any) -> Settings:
    """Return the settings of ``directory``, ``given`` ones first; raise ConfigInvalid with every mistake."""
    path = directory / FILE

    class Here(Settings):
        file: ClassVar[Path] = path

    with naming(path), _problems(path):
        return Here(directory=directory, **given)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Raise ConfigInvalid that names ``path`` for what the system refuses: a failed read does not say of what."""
    try:
        yield
    except OSError as error:
        raise ConfigInvalid([f"{path}: {error.strerror or type(error).__name__}"]) from None


@contextmanager
def _problems(path: Path) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise ConfigInvalid([f"{path}: {_sentence(item)}" for item in error.errors(include_input=False)]) from None
    except (ValueError, RecursionError) as error:
        raise ConfigInvalid([f"{path}: not TOML: {error}"]) from None


def _sentence(item: Any) -> str:
    place = ".".join(str(part) for part in item["loc"])
    message = item["msg"].removeprefix("Value error, ")
    return f"{place}: {message}"


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of ``host:port`` or ``[ipv6]:port``; raise ValueError unless both are there."""
    host, separator, port = address.rpartition(":")
    if not separator or not host or not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise ValueError("must be HOST:PORT, with port 0 to 65535")
    return host.strip("[]"), int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
