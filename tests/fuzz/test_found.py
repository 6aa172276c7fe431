"""Inputs that broke a parser once."""

import pytest

from tests.fuzz.driving import try_input
from tests.fuzz.targets import TARGETS

DEEP = b"[" * 2000
LONG = b"9" * 5000
BIG = TARGETS["read_source"].seeds[0].replace(b'"next_sequence":9', b'"next_sequence":9007199254740993')
TEXT = TARGETS["read_governing"].seeds[0].replace(b'"origin":"log', b'"origin":"\\ud800')
UNREADABLE = TARGETS["Journal"].seeds[0].replace(b"CREATE INDEX", b"CREATE INDE\xbd")
LAST_DAY = b'{"FRA":[{"from":"99991231","to":"99991231","requests":0,"users":0}]}'


@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param("sealing_policy", DEEP, id="a sealing policy nested too deeply"),
        pytest.param("figures.load", DEEP, id="figures nested too deeply"),
        pytest.param("read_source", DEEP, id="a source row nested too deeply"),
        pytest.param("read_source", BIG, id="a source row past what is written"),
        pytest.param("read_governing", TEXT, id="a governing row with a text past UTF-8"),
        pytest.param("read_auditor", DEEP, id="an auditor row nested too deeply"),
        pytest.param("read_governing", DEEP, id="a governing row nested too deeply"),
        pytest.param("HighWater.check", DEEP, id="a high-water mark nested too deeply"),
        pytest.param("read_fields", DEEP, id="fields nested too deeply"),
        pytest.param("decode_book", DEEP, id="a journal's counts nested too deeply"),
        pytest.param("Journal", UNREADABLE, id="a journal whose schema is no text"),
        pytest.param("figures.load", LAST_DAY, id="figures of the last day that a date can be"),
        pytest.param("canonicalise phone", b"+49001656", id="a telephone number with two trunk prefixes"),
        pytest.param("config.check", "metrics_listen = 'a:٣'".encode(), id="an address with a port in other digits"),
        pytest.param("profile.load", b"name = " + DEEP, id="a profile nested too deeply"),
        pytest.param("profile.load", b"name = " + LONG, id="a profile with a number past what Python converts"),
        pytest.param("config.check", b"workers = " + DEEP, id="settings nested too deeply"),
        pytest.param("config.check", b"workers = " + LONG, id="settings with a number past what Python converts"),
    ],
)
def test_input(name: str, data: bytes) -> None:
    """It is refused with a documented error now."""
    assert not try_input(TARGETS[name], data)
