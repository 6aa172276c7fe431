"""A recorder opens only where profile, key, journal and log agree, and says which of them does not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from ledger.client.keyfile import KeyFile, PublicHalf
from ledger.client.opening import open_recorder
from ledger.client.profile import AllowedAuditor, Profile
from ledger.client.transport import channel
from ledger.core.encoding import sha256
from ledger.core.errors import (
    ConfigInvalid,
    KeySuperseded,
    LedgerError,
    Locked,
    Refused,
    StoreDamaged,
    TooFewAuditors,
    Unavailable,
    UnknownSource,
    VerificationFailed,
)
from ledger.core.signing import SecretKey
from ledger.v1 import disclosure_pb2, log_pb2
from tests.client.lying import Lying, lying
from tests.client.recording import SOURCE, journal, opened_world
from tests.core.world import AuditorKeys, World, disclosure, secret


class Plain(Profile):
    """A profile whose ledger is dialled without TLS."""

    def role_channel(self, now: float | None = None) -> grpc.aio.Channel:
        """Return a plaintext channel."""
        return channel(self.role_address, None)


def profile(ledger: Lying, folder: Path, *auditors: str, name: str = SOURCE) -> Profile:
    """Return a source's profile that allows ``auditors``, by default the one there is."""
    world = ledger.world
    keys = [AuditorKeys.of(auditor) for auditor in auditors or ("one",)]
    allowed = tuple(AllowedAuditor(item.name, item.signing.public.key, item.x25519) for item in keys)
    pinned = (world.log.name, world.vkey.format(), world.log_id.hex(), ledger.address)
    return Plain(folder, *pinned, role_address=ledger.address, role="source", name=name, auditors=allowed)


def key(pair: SecretKey) -> KeyFile:
    """Return a source's key file."""
    return KeyFile(PublicHalf("source", pair.public.key), pair)


async def receipt_index(ledger: Lying, folder: Path, raising: Exception | None = None, **how: Any) -> int:
    """Open, record one disclosure and return its index, or raise within the opening."""
    pair = key(ledger.world.secrets[SOURCE])
    clock = lambda: ledger.world.minute * 60.0  # noqa: E731 -- the world's clock, in seconds
    async with open_recorder(profile(ledger, folder), pair, clock, **how) as recorder:
        index = (await recorder.record(disclosure())).index
        if raising is not None:
            raise raising
        return index


async def test_a_new_journal_starts_at_the_beginning_or_where_the_log_is(tmp_path: Path) -> None:
    """A fresh source begins; a source whose journal is gone goes on from the head that the log proves."""
    async with lying(opened_world()) as ledger:
        assert await receipt_index(ledger, tmp_path / "one") == 3
        assert await receipt_index(ledger, tmp_path / "one") == 4
        assert await receipt_index(ledger, tmp_path / "two") == 5
        assert await receipt_index(ledger, tmp_path / "x", state=tmp_path / "two" / "state") == 6
    assert ledger.world.state.sources[SOURCE].next_sequence == 4


async def test_what_an_earlier_run_left_is_settled_first(tmp_path: Path) -> None:
    """Its receipts are ready when the recorder opens, and what is new follows them."""
    async with lying(opened_world()) as ledger:
        ledger.hold = True
        with pytest.raises(Unavailable):
            await receipt_index(ledger, tmp_path, patience=0.2)
        ledger.hold = False
        pair = key(ledger.world.secrets[SOURCE])
        async with open_recorder(profile(ledger, tmp_path), pair, lambda: ledger.world.minute * 60.0) as recorder:
            assert [receipt.index for receipt in recorder.recovered] == [3]
            assert (await recorder.record(disclosure())).index == 4


async def test_a_changed_key_does_not_lock_in_what_the_old_one_signed(tmp_path: Path) -> None:
    """The new key cannot read it, the superseded one still settles it, and then the new one goes on."""
    async with lying(opened_world()) as ledger:
        ledger.hold = True
        with pytest.raises(Unavailable):
            await receipt_index(ledger, tmp_path, patience=0.2)
        ledger.hold = False
        old, held = ledger.world.secrets[SOURCE], profile(ledger, tmp_path)
        ledger.world.change_key(SOURCE)
        await opening_fails(
            ledger, held, ledger.world.secrets[SOURCE], StoreDamaged, "open it with the key that signed"
        )
        await opening_fails(ledger, held, old, KeySuperseded, "not the one the log names")
        assert await receipt_index(ledger, tmp_path) == 5
    assert ledger.world.state.sources[SOURCE].next_sequence == 2


async def test_batches_are_sealed_to_the_allowed_and_accredited_only(tmp_path: Path) -> None:
    """Of those allowed, those in the log; of those in the log, those allowed; and the source itself."""
    world = opened_world()
    for name in ("two", "three"):
        world.add_auditor(name)
    world.remove_auditor("two")
    async with lying(world) as ledger:
        held = profile(ledger, tmp_path, "one", "two", "four")
        async with open_recorder(held, key(world.secrets[SOURCE]), lambda: world.minute * 60.0) as recorder:
            await recorder.record(disclosure())
    one = next(item.key_id for item in world.state.auditors.values() if item.name == "one")
    boxes = {box.key_id for box in ledger.received[0].sealed_keys}
    assert boxes == {one, world.state.sources[SOURCE].key_statement}


async def test_the_first_answer_must_extend_what_the_opening_saw(tmp_path: Path) -> None:
    """Also a source that never recorded holds the ledger to the tree that it was shown on the way in."""
    async with lying(opened_world()) as ledger:
        await receipt_index(ledger, tmp_path)
    assert ledger.received[0].known_size == 3


async def opening_fails(
    ledger: Lying, held: Profile, pair: SecretKey, cls: type[LedgerError], message: str
) -> LedgerError:
    """Expect an opening to fail, and the journal to be free again afterwards."""
    with pytest.raises(cls, match=message) as raised:
        async with open_recorder(held, key(pair), lambda: ledger.world.minute * 60.0):
            raise AssertionError
    return raised.value


async def test_openings_that_cannot_be_are_refused(tmp_path: Path) -> None:
    """Each says what is wrong, and leaves the lock to the next that is right."""
    async with lying(opened_world()) as ledger:
        pair, held = ledger.world.secrets[SOURCE], profile(ledger, tmp_path)
        await opening_fails(ledger, replace(held, role="auditor"), pair, ConfigInvalid, "role source$")
        await opening_fails(ledger, profile(ledger, tmp_path / "x", name="ghost"), pair, UnknownSource, "not enrolled")
        refused = await opening_fails(ledger, held, secret("another"), KeySuperseded, "not the one the log names")
        assert isinstance(refused, KeySuperseded)
        assert refused.current == ledger.world.state.sources[SOURCE].key_statement
        nobody = profile(ledger, tmp_path, "four")
        await opening_fails(ledger, nobody, pair, TooFewAuditors, "none of the profile's is accredited in this log$")
        assert await receipt_index(ledger, tmp_path) == 3
        ledger.world.revoke(SOURCE)
        await opening_fails(ledger, held, pair, UnknownSource, "revoked in this log$")


async def test_a_second_recorder_of_the_source_is_refused(tmp_path: Path) -> None:
    """While one runs another finds the journal locked, and the first goes on undisturbed."""
    async with lying(opened_world()) as ledger:
        pair, held = ledger.world.secrets[SOURCE], profile(ledger, tmp_path)
        async with open_recorder(held, key(pair), lambda: ledger.world.minute * 60.0) as recorder:
            await opening_fails(ledger, held, pair, Locked, "another process records for this source")
            assert (await recorder.record(disclosure())).index == 3


async def test_a_body_that_raises_closes_the_recorder(tmp_path: Path) -> None:
    """The exception passes through, what was given is logged, and the journal can be opened again."""
    async with lying(opened_world()) as ledger:
        with pytest.raises(ZeroDivisionError):
            await receipt_index(ledger, tmp_path, raising=ZeroDivisionError())
        assert await receipt_index(ledger, tmp_path) == 4


async def test_an_old_copy_of_a_journal_is_refused(tmp_path: Path) -> None:
    """Where the log has more than the journal, another recorder used the key: nothing is signed over it."""
    async with lying(opened_world()) as ledger:
        await receipt_index(ledger, tmp_path)
        ledger.world.disclose(SOURCE)
        await opening_fails(
            ledger,
            profile(ledger, tmp_path),
            ledger.world.secrets[SOURCE],
            Refused,
            "^journal: stands at 1, the log at 2",
        )


def renamed(index: int) -> Callable[[Any], Any]:
    """Return a directory whose source's row names the entry at ``index``."""

    def lie(answer: log_pb2.Directory) -> log_pb2.Directory:
        for row in answer.sources:
            if row.head.source_id == SOURCE:
                row.key_statement_index = index
        return answer

    return lie


def head(**fields: Any) -> Callable[[Any], Any]:
    """Return a head with some fields changed."""

    def lie(answer: disclosure_pb2.SourceHead) -> disclosure_pb2.SourceHead:
        for name, value in fields.items():
            setattr(answer, name, value)
        return answer

    return lie


def busy() -> World:
    """Return a log in which the source has a batch of two and one of one, with another source between."""
    world = opened_world()
    world.enrol("beta")
    world.disclose(SOURCE, disclosure(), disclosure())
    world.disclose(SOURCE)
    return world


FIRST = busy().placed[-2]
FIRST_DIGEST = sha256(FIRST.batch.signed_bytes(FIRST.binding))

LIES: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "a row that names LOG_OPENED": ("GetDirectory", renamed(0), "the source's row names another statement"),
    "a row that names another source": ("GetDirectory", renamed(3), "the source's row names another statement"),
    "a head inside a batch": (
        "GetHead",
        head(next_sequence=1, previous=FIRST_DIGEST),
        "not where the log's own entries say",
    ),
    "a head with another predecessor": ("GetHead", head(previous=bytes(32)), "not where the log's own entries say"),
    "a head of an earlier batch": ("GetHead", head(next_sequence=2), "not where the log's own entries say"),
}


@pytest.mark.parametrize(("method", "lie", "message"), LIES.values(), ids=LIES)
async def test_what_the_ledger_says_of_a_source_is_proven(
    tmp_path: Path, method: str, lie: Callable[[Any], Any], message: str
) -> None:
    """Key statement and head come from entries, so a ledger that lies of them is found out at the opening."""
    world = busy()
    async with lying(world) as ledger:
        ledger.lies[method] = lie
        await opening_fails(ledger, profile(ledger, tmp_path), world.secrets[SOURCE], VerificationFailed, message)
        ledger.lies.clear()
        assert await receipt_index(ledger, tmp_path) == world.size - 1


async def test_a_log_that_was_rolled_back_is_refused(tmp_path: Path) -> None:
    """The journal remembers the tree that it was shown; a smaller or another one is none to sign for."""
    async with lying(opened_world()) as ledger:
        await receipt_index(ledger, tmp_path)
        held = profile(ledger, tmp_path)
        ledger.world = opened_world()
        pair = ledger.world.secrets[SOURCE]
        await opening_fails(ledger, held, pair, VerificationFailed, "smaller than the last one seen")
        ledger.world.disclose(SOURCE, disclosure(notes="another history"))
        await opening_fails(ledger, held, pair, VerificationFailed, "two roots for one size")
    kept = journal(opened_world(), tmp_path / "state")
    assert (kept.position.next_sequence, kept.position.size) == (1, 4)
    kept.close()
