"""docs/operations.md names every setting, metric and file that there is."""

import re
from pathlib import Path

from prometheus_client import generate_latest

from ledger.service import keys
from ledger.service.config import Settings
from ledger.service.metrics import Metrics

TEXT = (Path(__file__).parents[1] / "docs" / "operations.md").read_text()


def test_every_setting_is_explained() -> None:
    """Each setting but the directory itself stands in the table of settings."""
    missing = [name for name in Settings.model_fields if name != "directory" and f"`{name}`" not in TEXT]
    assert missing == []


def test_every_metric_is_named() -> None:
    """Each metric that a scrape shows is named, and none that it does not show."""
    scraped = set(re.findall(r"^# TYPE (ledger_\w+)", generate_latest(Metrics().registry).decode(), re.MULTILINE))
    named = set(re.findall(r"`(ledger_\w+)`", TEXT))
    assert {name for name in scraped if not name.endswith("_created")} == named


def test_every_key_file_is_named() -> None:
    """Each of the server's key files stands in the table of files."""
    assert all(f"`keys/{name}`" in TEXT for name in (keys.CHECKPOINT, keys.CHAIN, keys.QUEUE, keys.VRF))
