"""A reader goes on from the last checkpoint it saw in an earlier opening, against a real ledger."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.client.opening import SEEN, open_reader
from ledger.core.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput, NotAuthenticated, VerificationFailed
from ledger.service import keys
from tests.served import ORIGIN, Member, Served, serving

LATER = 4_102_444_800.0
"""2100-01-01T00:00:00Z, when every certificate has expired."""


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """A ledger with one auditor."""
    async with serving() as ledger:
        yield ledger


@pytest.fixture
async def member(served: Served) -> Member:
    """The auditor."""
    return await served.accredit("Auditor One")


def seen_file(member: Member) -> Path:
    """Return the file that holds the last checkpoint seen."""
    return member.profile.path(member.profile.state) / SEEN


def signed(served: Served, size: int, root: bytes) -> bytes:
    """Return a checkpoint as the ledger's own key signs it."""
    key = keys.load(served.settings.path(served.settings.keys)).writer.checkpoint
    return sign_checkpoint(Checkpoint(ORIGIN, size, Hash(root)), key).note.format()


@pytest.mark.parametrize("as_role", [False, True], ids=["public listener", "role listener"])
async def test_the_last_checkpoint_is_kept_across_openings(served: Served, member: Member, as_role: bool) -> None:
    """Each opening leaves the largest checkpoint it verified, and the next one starts from there."""
    for size in (2, 3):
        async with member.reader(as_role) as reader:
            assert (reader.size, reader.root is None) == (0 if size == 2 else 2, size == 2)
            assert (await reader.checkpoint()).checkpoint.size == size
        kept = open_checkpoint(seen_file(member).read_bytes(), served.vkey, ORIGIN).checkpoint
        assert (kept.size, kept.root) == (size, reader.root)
        await served.enrol("alpha" if size == 2 else "beta")


async def test_an_opening_that_verified_nothing_leaves_nothing(member: Member) -> None:
    """Without a checkpoint there is no file, and an old one stays as it is."""
    async with member.reader():
        pass
    assert not seen_file(member).exists()
    async with member.reader() as reader:
        await reader.checkpoint()
    before = seen_file(member).read_bytes()
    async with member.reader():
        pass
    assert seen_file(member).read_bytes() == before


@pytest.mark.parametrize(("size", "message"), [(1000, "smaller than the last one seen"), (2, "two roots for one size")])
async def test_a_rollback_or_fork_is_refused_and_what_was_seen_stays(
    served: Served, member: Member, size: int, message: str
) -> None:
    """A ledger that says less or something else than it once signed convicts itself in the reader's file."""
    note = signed(served, size, b"\x07" * 32)
    seen_file(member).parent.mkdir()
    seen_file(member).write_bytes(note)
    with pytest.raises(VerificationFailed, match=message):
        async with member.reader() as reader:
            await reader.checkpoint()
    assert seen_file(member).read_bytes() == note


async def test_of_two_readers_at_once_the_larger_tree_is_kept(served: Served, member: Member) -> None:
    """Who began earlier and saw less does not overwrite what another saw meanwhile."""
    async with member.reader() as early:
        await early.checkpoint()
        await served.enrol("alpha")
        async with member.reader() as late:
            await late.checkpoint()
    assert early.size < late.size
    kept = open_checkpoint(seen_file(member).read_bytes(), served.vkey, ORIGIN).checkpoint
    assert kept.size == late.size


async def test_a_checkpoint_file_that_is_none_is_refused(member: Member) -> None:
    """A damaged file is not silently begun anew."""
    seen_file(member).parent.mkdir()
    seen_file(member).write_bytes(b"nothing")
    with pytest.raises(InvalidInput):
        async with member.reader():
            raise AssertionError


async def test_a_profile_of_another_log_is_refused(member: Member) -> None:
    """The pinned log id is what a first reading is held to."""
    other = replace(member.profile, log_id="00" * 32)
    with pytest.raises(VerificationFailed, match=r"^inclusion: "):
        async with open_reader(other) as reader:
            await reader.checkpoint()
    assert not seen_file(member).exists()


async def test_an_expired_certificate_is_found_before_dialling(member: Member) -> None:
    """The operator is named as who gives a new one."""
    with pytest.raises(NotAuthenticated, match=r"^certificate: expired; ask the operator for a new one$"):
        member.profile.role_channel(LATER)
    await member.profile.role_channel().close()
