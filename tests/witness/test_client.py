"""A witness is asked as C2SP tlog-witness says, and nothing that it answers is believed unverified."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import pytest
from urllib3.util import Timeout

from ledger.core.checkpoint import cosign
from ledger.core.encoding import Hash
from ledger.core.errors import Busy, InvalidInput, LedgerError, Refused, Unavailable, VerificationFailed
from ledger.core.note import SigningKey
from ledger.core.witnessing import AddCheckpoint
from ledger.witness.client import MAX_REPLY, MOST_PATIENCE, RETRY_AFTER, WitnessClient
from tests.core.witnessed import NOW, WITNESS, leaves, proof, signed
from tests.core.world import secret
from tests.witness.scripted import SILENCE, Answer, Script, cosigning, scripted
from tests.witness.served import VKEY, Site, serving

OTHER = SigningKey("other.example", secret("another witness"))


def proving(size: int) -> Callable[[int], Sequence[Hash]]:
    """Return what proves the tree of ``size`` from each smaller one."""
    return lambda old: proof(old, leaves(size))


def no_proof(_: int) -> Sequence[Hash]:
    """Fail: there is nothing to prove."""
    pytest.fail("a proof was asked for")


def knowing_size(size: int) -> Script:
    """Return a witness that has cosigned the first ``size`` leaves, and cosigns whatever builds on them."""

    def answer(request: AddCheckpoint, _: int) -> Answer:
        return cosigning(request) if request.old == size else Answer(409, b"%d\n" % size)

    return answer


def test_a_first_contact_asks_from_nothing() -> None:
    """The first request has old size 0 and no proof; the next goes on from what was cosigned, on one connection."""
    with scripted(lambda request, _: cosigning(request)) as witness:
        client = WitnessClient(VKEY, f"{witness.url}/sub/")
        first = client.cosign(signed(leaves(3)), no_proof)
        client.cosign(signed(leaves(8)), proving(8))
        client.cosign(signed(leaves(8)), no_proof)
        client.close()
    assert first.timestamp == NOW
    assert first.line == cosign(signed(leaves(3)).checkpoint, NOW, WITNESS)
    assert [request.old for request in witness.asked] == [0, 3, 8]
    assert [request.proof for request in witness.asked] == [(), proof(3, leaves(8)), ()]
    assert set(witness.paths) == {"/sub/add-checkpoint"}
    assert witness.connections == 1


def test_a_witness_that_knows_another_size_is_asked_once_more() -> None:
    """A STALE answer names the size that the proof is then built from."""
    with scripted(knowing_size(5)) as witness:
        given = WitnessClient(VKEY, witness.url).cosign(signed(leaves(8)), proving(8))
    assert given.timestamp == NOW
    assert [(request.old, request.proof) for request in witness.asked] == [(0, ()), (5, proof(5, leaves(8)))]


def test_a_witness_that_lost_its_state_is_asked_from_nothing() -> None:
    """A smaller size than the one remembered is believed too, down to none."""
    with scripted(knowing_size(0)) as witness:
        client = WitnessClient(VKEY, witness.url)
        client.cosign(signed(leaves(3)), no_proof)
        client.cosign(signed(leaves(8)), proving(8))
    assert [request.old for request in witness.asked] == [0, 3, 0]


def test_a_witness_that_changes_its_mind_is_given_up() -> None:
    """A second STALE answer in a row is not followed; the next call begins with the size told last."""
    with scripted(lambda _, asked: Answer(409, b"%d\n" % (asked + 1))) as witness:
        client = WitnessClient(VKEY, witness.url)
        with pytest.raises(Refused, match=r"^witness: it cosigned another tree before \(HTTP 409\)$"):
            client.cosign(signed(leaves(8)), proving(8))
    assert [request.old for request in witness.asked] == [0, 1]


def test_a_larger_tree_than_the_logs_own_is_told() -> None:
    """A witness that knows more than the log has seen a newer copy of it, or another one."""
    larger = pytest.raises(Refused, match="it cosigned a larger tree, of 9 entries, than this log has")
    with scripted(knowing_size(9)) as witness, larger:
        WitnessClient(VKEY, witness.url).cosign(signed(leaves(8)), no_proof)
    assert len(witness.asked) == 1


REFUSALS: dict[str, tuple[Answer, type[LedgerError], str]] = {
    "malformed": (Answer(400), Refused, r"it finds the request malformed \(HTTP 400\)"),
    "an unknown key": (Answer(403), Refused, r"it does not know this log or its key \(HTTP 403\)"),
    "an unknown log": (Answer(404), Refused, r"it does not know this log \(HTTP 404\)"),
    "stale, in words": (Answer(409, b"conflict\n"), Refused, r"it cosigned another tree before \(HTTP 409\)"),
    "stale, at the size named": (Answer(409, b"0\n"), Refused, r"it cosigned another tree before \(HTTP 409\)"),
    "stale, at no size": (Answer(409, b"+5\n"), Refused, r"it cosigned another tree before \(HTTP 409\)"),
    "stale, in no ASCII": (Answer(409, "٥\n".encode()), Refused, r"it cosigned another tree before \(HTTP 409\)"),
    "inconsistent": (Answer(422), Refused, r"it does not see this tree as an extension of .* \(HTTP 422\)"),
    "a redirect": (Answer(307, headers={"Location": "/elsewhere"}), Unavailable, r"no answer of any use \(HTTP 307\)"),
    "accepted, but nothing given": (Answer(202), Unavailable, r"no answer of any use \(HTTP 202\)"),
    "too large": (Answer(413), Unavailable, r"no answer of any use \(HTTP 413\)"),
    "a fault of its own": (Answer(500, b"Traceback"), Unavailable, r"no answer of any use \(HTTP 500\)"),
    "a fault of its gateway": (Answer(502), Unavailable, r"no answer of any use \(HTTP 502\)"),
    "a cut answer": (Answer(200, b"half", length=8), Unavailable, r"no whole answer \(ProtocolError\)"),
    "an endless answer": (Answer(200, b"\n" * (MAX_REPLY + 1)), Unavailable, f"longer than {MAX_REPLY} bytes"),
    "an empty answer": (Answer(200), VerificationFailed, "no cosignature of its own in its answer"),
    "no line": (Answer(200, b"<html>\n\xff\n"), VerificationFailed, "no cosignature of its own in its answer"),
}


@pytest.mark.parametrize(("answer", "error", "message"), REFUSALS.values(), ids=REFUSALS)
def test_what_is_not_a_cosignature_is_refused(answer: Answer, error: type[LedgerError], message: str) -> None:
    """Every code in the wild has its error, in words that hold nothing of what the witness wrote."""
    with scripted(lambda *_: answer) as witness, pytest.raises(error, match=f"^witness: .*{message}") as refused:
        WitnessClient(VKEY, witness.url).cosign(signed(leaves(8)), proving(8))
    assert not {"Traceback", "html", "conflict", "elsewhere"} & set(str(refused.value).split())


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer(429, headers={"Retry-After": "7"}), 7),
        (Answer(503, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), RETRY_AFTER),
        (Answer(503), RETRY_AFTER),
        (Answer(429, headers={"Retry-After": "99999999"}), MOST_PATIENCE),
    ],
    ids=["seconds", "a date", "nothing", "too many seconds"],
)
def test_an_overloaded_witness_says_when_to_come_back(answer: Answer, seconds: float) -> None:
    """Overload is an error with the time to wait, within a bound."""
    with scripted(lambda *_: answer) as witness, pytest.raises(Busy, match=r"^witness: overloaded") as refused:
        WitnessClient(VKEY, witness.url).cosign(signed(leaves(1)), no_proof)
    assert refused.value.retry_after == seconds


def test_other_lines_are_passed_over() -> None:
    """Lines of unknown keys, of the witness's key under another type, and what is no line at all, change nothing."""

    def answer(request: AddCheckpoint, _: int) -> Answer:
        text = request.note.text
        others = [cosign(request.checkpoint, NOW, OTHER).format(), WITNESS.sign(text).format(), "— x", "", "more"]
        later = cosign(request.checkpoint, NOW + 1, WITNESS).format()
        return Answer(200, b"\xff\n" + "\n".join([*others, cosigning(request).body.decode() + later, ""]).encode())

    with scripted(answer) as witness:
        given = WitnessClient(VKEY, witness.url).cosign(signed(leaves(2)), no_proof)
    assert given.timestamp == NOW + 1
    assert given.line == cosign(signed(leaves(2)).checkpoint, NOW + 1, WITNESS)


WRONG: dict[str, Script] = {
    "of another tree": lambda request, _: Answer(
        200, f"{cosign(signed(leaves(7)).checkpoint, NOW, WITNESS).format()}\n".encode()
    ),
    "changed by a bit": lambda request, _: Answer(200, cosigning(request).body.replace(b"=", b"A", 1)),
    "without a time": lambda request, _: Answer(200, f"{WITNESS.sign(request.note.text).format()}\n".encode()),
    "of another key": lambda request, _: cosigning(request, key=OTHER),
}


@pytest.mark.parametrize("script", WRONG.values(), ids=WRONG)
def test_a_cosignature_that_does_not_verify_is_refused(script: Script) -> None:
    """What is not the witness's signature over this very checkpoint is no cosignature, and the size stays unknown."""
    with scripted(script) as witness:
        client = WitnessClient(VKEY, witness.url)
        for _ in range(2):
            with pytest.raises(VerificationFailed):
                client.cosign(signed(leaves(8)), no_proof)
    assert [request.old for request in witness.asked] == [0, 0]


def test_a_silent_witness_is_left_in_time() -> None:
    """A witness that says nothing costs no more than the timeout."""
    with scripted(lambda *_: SILENCE) as witness:
        client = WitnessClient(VKEY, witness.url, Timeout(connect=1, read=0.05))
        with pytest.raises(Unavailable, match=r"^witness: no whole answer \(ReadTimeoutError\)$"):
            client.cosign(signed(leaves(8)), no_proof)


def test_a_slow_answer_is_left_in_time() -> None:
    """The deadline is of the whole answer, not of each piece."""
    with scripted(lambda request, _: cosigning(request)) as witness:
        client = WitnessClient(VKEY, witness.url, clock=count(0, 6.0).__next__)
        with pytest.raises(Unavailable, match="takes too long"):
            client.cosign(signed(leaves(8)), no_proof)


def test_nobody_there_is_told() -> None:
    """A port where nothing listens is an error like any other."""
    with scripted(lambda *_: SILENCE) as gone:
        url = gone.url
    with pytest.raises(Unavailable, match=r"^witness: no whole answer \(NewConnectionError\)$"):
        WitnessClient(VKEY, url).cosign(signed(leaves(8)), no_proof)


def test_a_connection_that_the_witness_closed_is_made_anew() -> None:
    """A kept connection that is gone when the next request needs it is no failure."""
    with scripted(lambda request, _: Answer(200, cosigning(request).body, close=True)) as witness:
        client = WitnessClient(VKEY, witness.url)
        client.cosign(signed(leaves(2)), no_proof)
        client.cosign(signed(leaves(3)), proving(3))
    assert witness.connections == 2


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "ftp://example.org",
        "http://",
        "http://u:p@example.org",
        "http://x/?q",
        "http://x/#f",
        "http://[",
    ],
)
def test_a_url_that_leads_nowhere_is_refused(url: str) -> None:
    """A submission prefix is http or https, a host and perhaps a path; a refusal does not repeat it."""
    with pytest.raises(InvalidInput, match=r"^url: (malformed|must be http)"):
        WitnessClient(VKEY, url)


def test_a_key_of_another_type_is_refused() -> None:
    """What signs notes cosigns no checkpoint."""
    with pytest.raises(InvalidInput, match="must be of key type 04"):
        WitnessClient(WITNESS.vkey(), "http://witness.example")


@pytest.mark.parametrize("known", [None, 1, 5])
async def test_the_real_witness_and_the_client_understand_each_other(tmp_path: Path, known: int | None) -> None:
    """Whatever the witness knows before, the client gets the log's next trees cosigned, and a fork is refused."""
    site = Site(tmp_path)
    async with serving(site) as port:
        url = f"http://127.0.0.1:{port}"
        if known is not None:
            earlier = WitnessClient(VKEY, url)
            await asyncio.to_thread(earlier.cosign, signed(leaves(known)), no_proof)
            earlier.close()
        client = WitnessClient(VKEY, url)
        for size in (5, 8, 8, 300):
            given = await asyncio.to_thread(client.cosign, signed(leaves(size)), proving(size))
            assert given.timestamp == NOW
            assert site.known.size == size
        with pytest.raises(Refused, match="HTTP 422"):
            await asyncio.to_thread(client.cosign, signed(leaves(300, 299)), no_proof)
        client.close()
