"""Whatever a ledger changes in what it says of itself, a verified read raises rather than returns it."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.client.reads import Entry, LogClient
from ledger.core import bodies
from ledger.core.checkpoint import Checkpoint, sign_checkpoint
from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.note import SigningKey
from ledger.v1 import log_pb2
from tests.client.honest import pins, range_proof
from tests.client.lying import Lying, lying
from tests.core.world import World, mixed, secret

WORLD = mixed()
Chunks = list[log_pb2.EntryChunk]


def fork() -> World:
    """Return another history under the same keys: the same log id, and from index 1 on other entries."""
    world = World.open()
    for name in ("other", "beta", "gamma", *"abcdefghijklmnop"):
        world.enrol(name)
    return world


def other_log() -> World:
    """Return a log that the same keys opened with another sealing policy, so under another log id."""
    world = World.open(sealing_policy=b'{"min_auditors":2,"publish":[]}')
    for name in "abcdefghijklmnopqrst":
        world.enrol(name)
    return world


def changed(chunks: Chunks, number: int, **fields: Any) -> Chunks:
    """Return ``chunks`` with fields of one exchanged."""
    chunk = log_pb2.EntryChunk.FromString(chunks[number].SerializeToString())
    for name, value in fields.items():
        if isinstance(value, list):
            chunk.ClearField(name)  # type: ignore[arg-type]  # the stubs want a literal
            getattr(chunk, name).extend(value)
        else:
            setattr(chunk, name, value)
    return [*chunks[:number], chunk, *chunks[number + 1 :]]


def swapped(chunks: Chunks) -> Chunks:
    """Return ``chunks`` with the leaves of the first exchanged for each other."""
    return changed(chunks, 0, leaves=list(reversed(chunks[0].leaves)))


STREAMS: dict[str, Callable[[Chunks], Chunks]] = {
    "a leaf changed": lambda chunks: changed(chunks, 0, leaves=[chunks[0].leaves[0] + b"\x00", chunks[0].leaves[1]]),
    "two leaves swapped": swapped,
    "a chunk missing at the start": lambda chunks: chunks[1:],
    "a chunk missing in the middle": lambda chunks: [chunks[0], *chunks[2:]],
    "a chunk missing at the end": lambda chunks: chunks[:-1],
    "no chunk": lambda chunks: [],
    "a chunk twice": lambda chunks: [chunks[0], *chunks],
    "chunks out of order": lambda chunks: [chunks[1], chunks[0], *chunks[2:]],
    "a chunk without leaves": lambda chunks: changed(chunks, 0, leaves=[]),
    "a leaf left out of a chunk": lambda chunks: changed(chunks, 0, leaves=[chunks[0].leaves[0]]),
    "a node changed": lambda chunks: changed(chunks, 1, left=[bytes(32)] * len(chunks[1].left)),
    "a node too many": lambda chunks: changed(chunks, 1, right=[*chunks[1].right, bytes(32)]),
    "a node of another length": lambda chunks: changed(chunks, 1, left=[bytes(31)] * len(chunks[1].left)),
    "another place": lambda chunks: changed(chunks, 0, first_index=6),
}


@pytest.mark.parametrize("lie", STREAMS.values(), ids=STREAMS)
async def test_a_tampered_stream_is_refused(lie: Callable[[Chunks], Chunks]) -> None:
    """Entries changed, missing, doubled or misplaced are never returned, and a stream cut short does not end well."""
    read: list[Entry] = []

    async def reading(ledger: Lying) -> None:
        async for entry in LogClient(ledger.channel, pins(WORLD)).entries(4, 10):
            read.append(entry)

    async with lying(WORLD) as ledger:
        ledger.lies["StreamEntries"] = lie
        with pytest.raises((VerificationFailed, InvalidInput)):
            await reading(ledger)
    assert [entry.leaf for entry in read] == WORLD.leaves[4 : 4 + len(read)]


async def test_more_entries_than_were_asked_for_are_refused() -> None:
    """A chunk that runs on past the end of the range is refused although it proves itself."""
    proof = range_proof(WORLD, 4, 6, WORLD.size)
    longer = log_pb2.EntryChunk(first_index=4, leaves=WORLD.leaves[4:6], left=proof.left, right=proof.right)
    async with lying(WORLD) as ledger:
        ledger.lies["StreamEntries"] = lambda chunks: [longer]
        with pytest.raises(VerificationFailed, match=r"more than was asked for"):
            await LogClient(ledger.channel, pins(WORLD)).entry(4)


async def test_one_entry_that_does_not_come_is_said_so() -> None:
    """An empty stream for one index is a failure, not an empty answer."""
    async with lying(WORLD) as ledger:
        ledger.lies["StreamEntries"] = lambda chunks: []
        with pytest.raises(VerificationFailed, match=r"^entries: the stream ended early$"):
            await LogClient(ledger.channel, pins(WORLD)).entry(4)


def note(size: int, root: bytes, key: SigningKey = WORLD.log) -> log_pb2.Checkpoint:
    """Return a checkpoint signed by ``key``."""
    signed = sign_checkpoint(Checkpoint(WORLD.log.name, size, Hash(root)), key)
    return log_pb2.Checkpoint(note=signed.note.format())


CHECKPOINTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "another root": (lambda _: note(WORLD.size, bytes(32)), "consistency: the proof does not lead"),
    "a smaller tree": (lambda _: note(8, WORLD.root(8)), "smaller than the last one seen"),
    "another root of the size seen": (lambda _: note(9, bytes(32)), "two roots for one size"),
    "another key": (lambda _: note(17, WORLD.root(), SigningKey(WORLD.log.name, secret("x"))), "note: "),
    "another history": (lambda _: log_pb2.Checkpoint(note=fork().checkpoint()), "does not lead to both roots"),
    "no note": (lambda _: log_pb2.Checkpoint(note=b""), "note"),
}


@pytest.mark.parametrize(("lie", "message"), CHECKPOINTS.values(), ids=CHECKPOINTS)
async def test_a_checkpoint_that_does_not_extend_what_was_seen_is_refused(
    lie: Callable[[Any], Any], message: str
) -> None:
    """A reader that has seen nine entries keeps to them, and to what it knew."""
    async with lying(WORLD) as ledger:
        ledger.lies["GetCheckpoint"] = lie
        reader = LogClient(ledger.channel, pins(WORLD), 9, WORLD.root(9))
        with pytest.raises((VerificationFailed, InvalidInput), match=message):
            await reader.checkpoint()
    assert (reader.size, reader.root, reader.latest) == (9, WORLD.root(9), None)


@pytest.mark.parametrize("hashes", [[], [bytes(32)] * 5, [bytes(3)] * 4], ids=["none", "too many", "too short"])
async def test_a_wrong_consistency_proof_is_refused(hashes: list[bytes]) -> None:
    """The proof is judged, whatever the checkpoint says."""
    async with lying(WORLD) as ledger:
        ledger.lies["GetConsistencyProof"] = lambda _: log_pb2.Proof(hashes=hashes)
        with pytest.raises((VerificationFailed, InvalidInput), match=r"^(proof|consistency): "):
            await LogClient(ledger.channel, pins(WORLD), 9, WORLD.root(9)).checkpoint()


async def test_a_fork_is_refused_by_who_saw_the_other_history() -> None:
    """Everything the fork says is consistent in itself, and still not with what was read before."""
    async with lying(mixed()) as ledger:
        reader = LogClient(ledger.channel, pins(WORLD))
        await reader.checkpoint()
        ledger.world = fork()
        for reading in (reader.checkpoint(), reader.receipt(1), reader.entry(1)):
            with pytest.raises(VerificationFailed, match=r"^consistency: "):
                await reading
    assert (reader.size, reader.root) == (WORLD.size, WORLD.root())


async def test_another_log_under_the_same_keys_is_refused() -> None:
    """Origin and key do not make a log: its id does."""
    async with lying(other_log()) as ledger:
        reader = LogClient(ledger.channel, pins(WORLD))
        with pytest.raises(VerificationFailed, match=r"^inclusion: "):
            await reader.checkpoint()
        with pytest.raises(VerificationFailed, match=r"^receipt: of another log$"):
            await reader.receipt(0)
    assert (reader.size, reader.root, reader.latest) == (0, None, None)


@pytest.mark.parametrize("entry", [4, ("alpha", 1)], ids=["by index", "by sequence"])
async def test_the_receipt_of_another_entry_is_refused(entry: int | tuple[str, int]) -> None:
    """A valid receipt answers only the question that was asked."""
    async with lying(WORLD) as ledger:
        ledger.lies["GetReceipt"] = lambda _: log_pb2.Receipt(tlog_proof=WORLD.receipt(5))
        with pytest.raises(VerificationFailed, match=r"^receipt: of another entry than the one asked for$"):
            await LogClient(ledger.channel, pins(WORLD)).receipt(entry)


async def test_a_receipt_under_an_older_tree_is_a_rollback() -> None:
    """A receipt whose checkpoint is smaller than what was seen is refused."""
    async with lying(WORLD) as ledger:
        ledger.lies["GetReceipt"] = lambda _: log_pb2.Receipt(tlog_proof=WORLD.receipt(4, 9))
        reader = LogClient(ledger.channel, pins(WORLD), 12, WORLD.root(12))
        with pytest.raises(VerificationFailed, match=r"smaller than the last one seen"):
            await reader.receipt(4)


async def test_an_auditors_row_that_names_another_statement_is_refused() -> None:
    """Who is an auditor is read from the log's entry, never from the directory's row."""
    async with lying(WORLD) as ledger:
        ledger.lies["GetDirectory"] = lambda _: log_pb2.Directory(auditors=[log_pb2.AuditorRow(index=1)])
        with pytest.raises(VerificationFailed, match=r"^directory: an auditor's row names another statement$"):
            await LogClient(ledger.channel, pins(WORLD)).auditors()


async def test_a_made_up_auditors_row_gives_no_other_keys() -> None:
    """Name and key id of a row are not looked at: key id and keys come from the entry it names."""
    index = next(item.index for item in WORLD.state.auditors.values() if item.name == "two")
    async with lying(WORLD) as ledger:
        row = log_pb2.AuditorRow(index=index, key_id=bytes(32))
        ledger.lies["GetDirectory"] = lambda _: log_pb2.Directory(auditors=[row])
        ((key_id, body),) = (await LogClient(ledger.channel, pins(WORLD)).auditors()).items()
    assert isinstance(body, bodies.AuditorAdded)
    assert (key_id, body.x25519_key) == (WORLD.state.auditors[key_id].key_id, WORLD.auditors["two"].x25519)


def test_the_fork_begins_with_the_same_entry_only() -> None:
    """What these tests call a fork and another log are what they say."""
    assert fork().leaves[0] == WORLD.leaves[0]
    assert fork().leaves[1] != WORLD.leaves[1]
    assert fork().size > WORLD.size
    assert other_log().vkey == WORLD.vkey
    assert other_log().log_id != WORLD.log_id
