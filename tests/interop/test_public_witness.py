"""omniwitness, which the public witnesses of transparency.dev run, cosigns a log of ours and refuses its fork."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest
import urllib3

from ledger.core.checkpoint import open_checkpoint, verify_cosignatures
from ledger.core.encoding import Hash
from ledger.core.errors import Refused
from ledger.core.note import COSIGNATURE, SignatureLine
from ledger.core.witnessing import INCONSISTENT, MALFORMED, STALE, UNKNOWN, AddCheckpoint
from ledger.witness.client import WitnessClient
from tests.core.witnessed import LOG, STRANGER, asking, leaves, proof, signed
from tests.interop.ecosystem import Ecosystem
from tests.interop.material import key

WITNESS = key("public-witness.example/é")
VKEY = WITNESS.vkey(COSIGNATURE)
FAULT = 500
"""What omniwitness answers to a checkpoint without its log's signature; the specification says 403."""
SIZES = [1, 2, 3, 7, 8, 64, 65, 200]


@pytest.fixture
def url(ecosystem: Ecosystem) -> Iterator[str]:
    """The address of a witness that knows the test log and has seen nothing of it."""
    with ecosystem.witness(WITNESS.format()) as witness:
        witness.know(LOG.vkey(), LOG.name)
        yield witness.url


def post(url: str, request: AddCheckpoint) -> urllib3.BaseHTTPResponse:
    """Return the witness's answer to a request."""
    return urllib3.request("POST", f"{url}/add-checkpoint", body=request.format(), retries=False)


def prove(data: list[bytes], old: int) -> tuple[Hash, ...]:
    """Return the proof that ``data`` grew out of its first ``old`` leaves."""
    return proof(old, data)


def cosigned(request: AddCheckpoint, answer: urllib3.BaseHTTPResponse) -> int:
    """Return the time at which the witness cosigned the request's checkpoint."""
    assert answer.status == 200, answer.status
    line = answer.data.decode().removesuffix("\n")
    note = request.note.with_signature(SignatureLine.parse(line))
    return verify_cosignatures(open_checkpoint(note.format(), LOG.vkey()), [VKEY])[VKEY]


def test_a_growing_log_is_cosigned(url: str) -> None:
    """Each checkpoint of a growing log gets a cosignature that verifies, and another one when it is asked for again."""
    old = 0
    for size in SIZES:
        request = asking(old, leaves(size))
        assert cosigned(request, post(url, request)) > 0
        again = asking(size, leaves(size))
        assert cosigned(again, post(url, again)) > 0
        old = size


REFUSED = {
    "a fork": (asking(3, leaves(7, fork=2)), INCONSISTENT),
    "another root for the size": (asking(3, leaves(3, fork=2)), INCONSISTENT),
    "a proof from elsewhere": (AddCheckpoint.of(3, proof(2, leaves(7)), signed(leaves(7))), INCONSISTENT),
    "no proof": (AddCheckpoint.of(3, (), signed(leaves(7))), INCONSISTENT),
    "a smaller old size": (asking(2, leaves(7)), STALE),
    "no old size": (asking(0, leaves(7)), STALE),
    "a smaller tree": (asking(2, leaves(2)), STALE),
    "a larger old size": (AddCheckpoint.of(3, (), signed(leaves(2))), MALFORMED),
    "another key of the log": (asking(3, leaves(7), STRANGER), FAULT),
    "an unknown log": (AddCheckpoint.of(3, (), signed(leaves(7), LOG, "other.example")), UNKNOWN),
}


@pytest.mark.parametrize(("request_", "status"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_extend_the_log_is_refused(url: str, request_: AddCheckpoint, status: int) -> None:
    """A fork, another root for a size, a wrong proof, size, key or origin are told apart, and change nothing."""
    first = asking(0, leaves(3))
    cosigned(first, post(url, first))
    answer = post(url, request_)
    assert answer.status == status
    if status == STALE:
        assert answer.data == b"3\n"
        assert answer.headers["Content-Type"] == "text/x.tlog.size"
    honest = asking(3, leaves(7))
    cosigned(honest, post(url, honest))


def test_our_client_asks_it(url: str) -> None:
    """Our client learns the size by the first refusal, proves from there, and gives up on a fork."""
    with closing(WitnessClient(VKEY, url)) as client:
        for size in SIZES:
            assert client.cosign(signed(leaves(size)), partial(prove, leaves(size))).timestamp > 0
        with pytest.raises(Refused, match="does not see this tree as an extension"):
            client.cosign(signed(leaves(300, fork=10)), partial(prove, leaves(300, fork=10)))
    with closing(WitnessClient(VKEY, url)) as newcomer:
        given = newcomer.cosign(signed(leaves(300)), partial(prove, leaves(300)))
        assert given.line.key_id == VKEY.key_id


def test_our_client_passes_over_lines_of_other_kinds(ecosystem: Ecosystem) -> None:
    """Of a witness that cosigns by ML-DSA-44 too, the client takes the line that it has the key to."""
    quantum = ecosystem.ask("new-quantum-key", Name=WITNESS.name)["skey"]
    with ecosystem.witness(quantum, WITNESS.format()) as witness, closing(WitnessClient(VKEY, witness.url)) as client:
        witness.know(LOG.vkey(), LOG.name)
        assert post(witness.url, asking(0, leaves(3))).data.count(b"\n") == 2
        given = client.cosign(signed(leaves(7)), partial(prove, leaves(7)))
        assert (given.line.name, given.line.key_id) == (VKEY.name, VKEY.key_id)
