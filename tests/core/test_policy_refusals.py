"""A refused policy is told where it breaks which rule."""

import pytest

from ledger.core.errors import InvalidInput
from ledger.core.note import COSIGNATURE
from ledger.core.policy import Policy
from tests.core.test_policy import GOOD, KEY, KEYS, LOG, LOG_KEY, RENAMED


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# \x01\nquorum none\n", "policy: has a control byte, or a last line without LF"),
        ("# \r\nquorum none\n", "policy: has a control byte"),
        ("# \x7f\nquorum none\n", "policy: has a control byte"),
        ("quorum none", "policy: has a control byte, or a last line without LF"),
        ("# none\n", "policy: without a quorum line"),
        ("quorum a\n", "policy quorum: names what no earlier line defines"),
        ("quorum none none\n", "policy: an unknown, incomplete or repeated line"),
        (f"{GOOD}{GOOD}quorum none\n", "policy name: reserved, or defined twice"),
        (f"{GOOD}group g any c\nquorum none\n", "policy group: a member that is not defined earlier"),
        (f"{GOOD}group g 3 a b\nquorum none\n", "policy group: not a decimal between 0 and 2 without"),
        (f"{GOOD}group g 0 a b\nquorum none\n", "policy group: asks for none of its members"),
        (f"log {KEY}\nquorum none\n", "policy key: must be of key type 01"),
        (f"witness a {LOG_KEY}\nquorum none\n", "policy key: must be of key type 04"),
        (f"{GOOD}witness c {RENAMED.vkey(COSIGNATURE).format()}\nquorum none\n", "policy key: stands there twice"),
    ],
)
def test_where_and_why(text: str, message: str) -> None:
    """The message names the kind of line and the rule."""
    with pytest.raises(InvalidInput) as error:
        Policy.parse(text.encode())
    assert str(error.value).startswith(message)


def test_urls_are_kept_and_may_be_left_out() -> None:
    """A log or witness has the URL of its own line, or none."""
    other = KEYS["X2"].vkey(COSIGNATURE).format()
    lines = f"log {LOG_KEY} https://log\nwitness a {KEY} https://a\nwitness b {other}\nquorum none\n"
    policy = Policy.parse(lines.encode())
    assert policy.logs[0].vkey == LOG.vkey()
    assert [log.url for log in policy.logs] == ["https://log"]
    assert [witness.url for witness in policy.witnesses] == ["https://a", None]
    assert Policy.parse(f"log {LOG_KEY}\nquorum none\n".encode()).logs[0].url is None
