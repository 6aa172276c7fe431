"""A directory with settings in it, and what is told of them."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from ledger.core.errors import ConfigInvalid
from ledger.service.config import load

FINGERPRINT: Final = "ab" * 32


def write(directory: Path, text: str) -> Path:
    """Write the settings file."""
    path = directory / "ledger.toml"
    path.write_text(text)
    return path


def as_toml(name: str, value: Any) -> str:
    """Return one setting as a line of TOML; tables are written inline."""
    if isinstance(value, list) and isinstance(value[0], dict):
        tables = [", ".join(f"{key} = {json.dumps(item)}" for key, item in table.items()) for table in value]
        return f"{name} = [{', '.join(f'{{ {table} }}' for table in tables)}]\n"
    return f"{name} = {json.dumps(value)}\n"


def problems(directory: Path) -> list[str]:
    """Return what is told of the settings of ``directory``, without the path of the file."""
    with pytest.raises(ConfigInvalid) as caught:
        load(directory)
    prefix = f"{directory / 'ledger.toml'}: "
    assert all(problem.startswith(prefix) for problem in caught.value.problems)
    return [problem.removeprefix(prefix) for problem in caught.value.problems]
