"""fsck names the first thing that is wrong, whichever row it is and however it is wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.core.encoding import ZERO_HASH, sha256
from ledger.core.errors import StoreDamaged
from ledger.core.merkle import leaf_hash
from ledger.engine import fsck, rows, schema, tiles
from ledger.engine.fsck import Checked, check
from ledger.engine.store import Store
from ledger.engine.tiles import TileTree
from tests.core.world import disclosure
from tests.engine.ledger import QUEUE_KEY, Ledger, full, rich
from tests.engine.spoiling import all_rows, refusal


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A full log of 279 entries whose writer has stopped; whoever changes its store puts it right again."""
    ledger = full(tmp_path_factory.mktemp("log"))
    ledger.world.disclose("beta", *[disclosure() for _ in range(250)])
    ledger.follow()
    ledger.sequencer.stop()
    yield ledger
    ledger.store.close()


NAMES = {
    schema.META: ("checkpoint", "governing row", "format", "witness_policy", "sealing_policy"),
    schema.ENTRIES: ("entry", "batch at", "checkpoint"),
    schema.PAYLOADS: ("payload of entry",),
    schema.SHREDS: ("shred of entry", "payload of entry"),
    schema.SEALED_KEYS: ("sealed keys of the batch at",),
    schema.LIVES: ("life row", "batch at", "payload under", "payload of entry"),
    schema.DEPOSITS: ("deposited box",),
    schema.TILES: ("tile",),
    schema.BATCHES: ("batch row at",),
    schema.CHAINS: ("chain row of the batch at",),
    schema.SOURCES: ("row of",),
    schema.AUDITORS: ("auditor",),
}
"""How a message about a row of each prefix may begin; a queue row is the mapper's to open."""


def test_a_whole_store_passes(whole: Ledger) -> None:
    """Size, payloads and root are those of the log in memory."""
    attached = [item for placed in whole.world.placed if placed.submission for item in placed.submission.attachments]
    payloads = sum(bool(item.payload) for item in attached) - 2  # two are erased
    assert check(whole.store) == Checked(whole.world.size, payloads, whole.world.root())


def test_it_tells_how_far_it_is(small: Ledger) -> None:
    """Progress is told once a batch, and ends with the size."""
    told: list[int] = []
    check(small.store, told.append)
    ends = [item.first + item.batch.count for item in small.world.placed]
    assert told == ends


def test_the_store_has_every_kind_of_row(whole: Ledger) -> None:
    """What follows is tried on each prefix that the schema knows."""
    assert {key[:1] for key in all_rows(whole.store)} == set(schema.KINDS)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """The same log before its long batch: every kind of row but a tile."""
    ledger = full(tmp_path_factory.mktemp("log"))
    ledger.sequencer.stop()
    yield ledger
    ledger.store.close()


@pytest.fixture
def each(small: Ledger, whole: Ledger) -> list[tuple[Store, bytes, bytes]]:
    """Every row of the small store and the tiles of the whole one: the store, key and value."""
    held: list[tuple[Store, bytes, bytes]] = [(small.store, key, value) for key, value in all_rows(small.store).items()]
    tiles = whole.store.range(schema.TILES, schema.after(schema.TILES))
    return held + [(whole.store, key, value) for key, value in tiles]


@pytest.mark.parametrize("where", [0.0, 0.5, 1.0], ids=["the first bit", "a bit in the middle", "the last bit"])
def test_a_flipped_bit_is_found(each: list[tuple[Store, bytes, bytes]], where: float) -> None:
    """One changed bit of any value, a queue row's and a deposited box apart, is damage that names the row."""
    for store, key, value in each:
        bit = round((8 * len(value) - 1) * where)
        flipped = bytearray(value)
        flipped[bit // 8] ^= 0x80 >> bit % 8
        if key[:1] == schema.DEPOSITS:
            assert not refusal(store, {key: bytes(flipped)})
        elif key[:1] == schema.QUEUE:
            assert not refusal(store, {key: bytes(flipped)})
            with pytest.raises(StoreDamaged):
                rows.open_lookup_keys(bytes(flipped), leaf_hash(store.require(schema.ENTRIES + key[1:])), QUEUE_KEY)
        else:
            assert refusal(store, {key: bytes(flipped)}).startswith(NAMES[key[:1]]), key


def test_a_value_that_is_cut_or_longer_is_found(each: list[tuple[Store, bytes, bytes]]) -> None:
    """A value without its last byte, or with one more, is damage that names the row."""
    for store, key, value in each:
        if key[:1] != schema.QUEUE:
            for spoiled in (value[:-1], value + b"\x00"):
                assert refusal(store, {key: spoiled}).startswith(NAMES[key[:1]]), key


def test_a_missing_row_is_found(each: list[tuple[Store, bytes, bytes]]) -> None:
    """Each row is missed by name, but for queue rows, which the mapper takes away, and boxes that sources deposit."""
    for store, key, _ in each:
        found = refusal(store, {}, (key,))
        if key[:1] in (schema.QUEUE, schema.DEPOSITS):
            assert not found
        else:
            assert found.startswith(NAMES[key[:1]]), key


def test_swapped_values_are_found(small: Ledger) -> None:
    """Two values of one kind that changed places are damage, though each is whole by itself."""
    held = all_rows(small.store)
    for prefix in (schema.ENTRIES, schema.PAYLOADS, schema.SHREDS, schema.SEALED_KEYS, schema.BATCHES, schema.CHAINS):
        first, second = [key for key in held if key[:1] == prefix][-2:]
        assert refusal(small.store, {first: held[second], second: held[first]}).startswith(
            (*NAMES[prefix], "batch row")
        ), prefix


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (schema.meta_key("other"), "rows under m: more than the leaves account for"),
        (schema.entry_key(400), "batch row at 29: missing"),
        (schema.entry_key(28) + bytes(8), "batch row at 29: missing"),
        (schema.entry_key(28)[:-1], "entry under 00000000000000: belongs to no entry"),
        (schema.payload_key(0), "payload under 0000000000000000: belongs to no entry"),
        (schema.payload_key(400), "payload under 0000000000000190: belongs"),
        (schema.shred_key(0), "shred under 0000000000000000: belongs"),
        (schema.sealed_keys_key(1), "rows under k: more"),
        (schema.tile_key(0, 1), "rows under t: more"),
        (schema.tile_key(2, 0), "rows under t: more"),
        (schema.batch_key(5), "rows under b: more"),
        (schema.chain_key("alpha", 9), "rows under c: more"),
        (schema.source_key("gamma"), "rows under h: more"),
        (schema.auditor_key(1), "rows under a: more"),
        (schema.queue_key(0), "lookup queue row under 0000000000000000: belongs to no entry"),
        (schema.queue_key(400), "lookup queue row under 0000000000000190: belongs to no entry"),
        (schema.queue_key(4)[:-1] + schema.queue_key(4), "lookup queue row under 0000000000000071"),
        (schema.QUEUE, "lookup queue row under : belongs to no entry"),
        (b"", "rows under no known prefix"),
        (b"!", "rows under no known prefix"),
        (b"f" + bytes(8), "rows under no known prefix"),
        (schema.deposit_key(0, bytes(32)), "deposited box: malformed"),
        (schema.life_key(2**40), "life row under"),
        (b"z", "rows under no known prefix"),
        (b"\xff" * 40, "rows under no known prefix"),
    ],
)
def test_a_row_that_nobody_wrote_is_found(small: Ledger, key: bytes, message: str) -> None:
    """A stray row under each prefix, beside the prefixes, or with a key that only looks like one, is damage."""
    assert refusal(small.store, {key: b"stray"}).startswith(message)


def test_a_queue_row_too_short_to_open_is_found(small: Ledger) -> None:
    """A queue row holds a nonce, a tag and something between them."""
    assert refusal(small.store, {schema.queue_key(4): bytes(40)}).startswith("lookup queue row of entry 4: too short")


def test_a_key_that_only_ends_like_an_entry_is_no_entry(whole: Ledger) -> None:
    """The last leaf under a longer key that sorts and ends alike is not where readers look for it."""
    last = schema.entry_key(whole.world.size - 1)
    moved = schema.entry_key(whole.world.size - 2) + last[1:]
    found = refusal(whole.store, {moved: whole.store.require(last)}, (last,))
    assert found.startswith(f"entry under {moved[1:].hex()}: belongs to no entry")


def test_an_empty_store_is_not_whole(tmp_path: Path) -> None:
    """A store without LOG_OPENED has no entry 0."""
    store = Store.open(tmp_path / "store", create=True)
    with pytest.raises(StoreDamaged, match="batch row at 0: missing"):
        check(store)
    store.close()


def test_a_batch_without_an_end_is_found(whole: Ledger) -> None:
    """An entry past the last seal belongs to no batch; with a row of its own, that batch has no end."""
    size = whole.world.size
    opened = {schema.entry_key(size): whole.world.leaves[29]}
    assert refusal(whole.store, opened).startswith(f"batch row at {size}: missing")
    row = rows.BatchRow("beta", 1, 1, 1, ZERO_HASH)
    opened[schema.batch_key(size)] = rows.write_batch_row(row)
    assert refusal(whole.store, opened).startswith(f"batch at {size}: seal: missing on the last statement")


def test_an_older_checkpoint_is_found(whole: Ledger) -> None:
    """A checkpoint that the log's key signed over fewer entries is not the one over these."""
    for size in (whole.world.size - 1, 1):
        found = refusal(whole.store, {schema.meta_key("checkpoint"): whole.world.checkpoint(size)})
        assert found.startswith("checkpoint: signs another size or root than the entries give")


def test_a_policy_whose_digest_is_not_in_the_log_is_found(small: Ledger) -> None:
    """Another policy file, though well-formed, is named."""
    for name in ("witness_policy", "sealing_policy"):
        found = refusal(small.store, {schema.meta_key(name): b"quorum none\n# other\n"})
        assert found == f"{name}: not the file whose digest is in the log"


def test_the_message_holds_no_value(small: Ledger) -> None:
    """What fsck says about a payload names the entry and shows nothing of its bytes."""
    payload = b"\x00secret" + bytes(600)
    found = refusal(small.store, {schema.payload_key(3): payload})
    assert "secret" not in found
    assert sha256(payload).hex() not in found


def test_a_tree_rebuilt_from_the_tiles_is_the_one_checked(whole: Ledger) -> None:
    """The tiles that fsck found right give the root that it returned."""
    checked = check(whole.store)
    assert TileTree.load(whole.store, checked.size).root == checked.root


def test_tiles_of_every_level_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With tiles of four hashes seventeen entries fill two levels and leave the one between without an edge."""
    monkeypatch.setattr(tiles, "WIDTH", 4)
    monkeypatch.setattr(tiles, "HEIGHT", 2)
    monkeypatch.setattr(fsck, "TILE", 4)
    monkeypatch.setattr(fsck, "HEIGHT", 2)
    ledger = rich(tmp_path)
    ledger.reopen()
    ledger.check()
    held = dict(ledger.store.range(schema.TILES, schema.after(schema.TILES)))
    assert [key[1] for key in held] == [0, 0, 0, 0, 1, 2]
    assert check(ledger.store).root == ledger.world.root()
    for key, value in held.items():
        message = f"tile {schema.index_of(key)} of level {key[1]}: missing or not what the leaves say"
        assert refusal(ledger.store, {key: value[:-1] + bytes((value[-1] ^ 1,))}) == message
        assert refusal(ledger.store, {}, (key,)) == message
    ledger.stop()
