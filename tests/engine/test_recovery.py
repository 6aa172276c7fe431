"""A log is created whole, and starts again only if everything that is stored agrees."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.core.checkpoint import Checkpoint, sign_checkpoint
from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput, Locked, NotAuthenticated, StoreBehind, StoreDamaged
from ledger.core.note import SigningKey
from ledger.core.rules import LEDGER
from ledger.engine import schema
from ledger.engine.recovery import create, recover
from ledger.engine.sequencer import Keys
from ledger.engine.store import Store
from tests.core.world import WITNESS_POLICY, World, disclosure, secret
from tests.engine.ledger import QUEUE_KEY, Ledger, rich


def test_a_new_log_has_one_entry(tmp_path: Path) -> None:
    """Creating a log writes LOG_OPENED and the checkpoint over it, and what is returned is what recovery finds."""
    ledger = Ledger.create(tmp_path)
    ledger.check()
    assert (ledger.view.size, ledger.view.sealing.min_auditors) == (1, 1)
    assert ledger.store.require(schema.meta_key("witness_policy")) == WITNESS_POLICY
    ledger.stop()


def swapped(keys: Keys, **others: object) -> Keys:
    """Return ``keys`` with others in place of some."""
    return replace(keys, **others)  # type: ignore[arg-type]  # each is of its field's type


WORLD = World.open()
KEYS = Keys(WORLD.log, WORLD.chain, QUEUE_KEY)


@pytest.mark.parametrize(
    ("keys", "witness_policy", "sealing_policy", "message"),
    [
        (KEYS, b"other", WORLD.sealing_policy, "witness_policy_digest: does not match the file"),
        (KEYS, WITNESS_POLICY, b"other", "sealing_policy_digest: does not match the file"),
        (
            swapped(KEYS, checkpoint=SigningKey(WORLD.log.name, secret("other"))),
            WITNESS_POLICY,
            WORLD.sealing_policy,
            "checkpoint_vkey: is not the checkpoint key's",
        ),
    ],
    ids=["another witness policy", "another sealing policy", "another checkpoint key"],
)
def test_parts_that_do_not_fit_create_nothing(
    tmp_path: Path, keys: Keys, witness_policy: bytes, sealing_policy: bytes, message: str
) -> None:
    """A log whose files or keys are not those that its LOG_OPENED names is not created."""
    ledger = Ledger(tmp_path, WORLD)
    opened, minute = ledger.opened()
    with pytest.raises(InvalidInput, match=message):
        create(ledger.path, opened, keys, minute, witness_policy, sealing_policy)
    assert not ledger.path.exists()


def test_another_chain_key_creates_nothing(tmp_path: Path) -> None:
    """LOG_OPENED is signed by the key that it names."""
    ledger = Ledger(tmp_path, WORLD)
    opened, minute = ledger.opened()
    with pytest.raises(NotAuthenticated, match="seal: the signature does not verify"):
        create(ledger.path, opened, swapped(KEYS, chain=secret("other")), minute, WITNESS_POLICY, WORLD.sealing_policy)
    assert not ledger.path.exists()


def test_a_malformed_sealing_policy_creates_nothing(tmp_path: Path) -> None:
    """A policy that recovery could not read is refused before anything is written."""
    ledger = Ledger(tmp_path, WORLD)
    opened, minute = ledger.opened()
    opened = replace(opened, sealing_policy_digest=sha256(b"{}"))
    with pytest.raises(InvalidInput, match="sealing_policy"):
        create(ledger.path, opened, ledger.keys, minute, WITNESS_POLICY, b"{}")
    assert not ledger.path.exists()


def test_a_log_is_not_created_over_another(tmp_path: Path) -> None:
    """What is there already stays as it is."""
    ledger = rich(tmp_path)
    ledger.stop()
    opened, minute = ledger.opened()
    with pytest.raises(StoreDamaged, match="is there already; nothing was changed"):
        create(ledger.path, opened, ledger.keys, minute, WITNESS_POLICY, ledger.world.sealing_policy)
    ledger.start()
    ledger.check()
    ledger.stop()


def test_a_creation_cut_short_does_not_start(tmp_path: Path) -> None:
    """A store without any entry is no log."""
    ledger = Ledger(tmp_path, WORLD)
    Store.open(ledger.path, create=True).close()
    with pytest.raises(StoreDamaged, match="setting: missing"):
        recover(ledger.path, ledger.keys)


Change = Callable[[Ledger], tuple[list[tuple[bytes, bytes]], list[bytes]]]


def puts(key: bytes, value: Callable[[Ledger], bytes]) -> Change:
    """Return the change that stores a value under ``key``."""
    return lambda ledger: ([(key, value(ledger))], [])


def deletes(*keys: bytes) -> Change:
    """Return the change that deletes ``keys``."""
    return lambda _: ([], list(keys))


def checkpoint_of(size: int, root_of: int, origin: str | None = None) -> Callable[[Ledger], bytes]:
    """Return what signs a checkpoint of ``size`` with the root of another size."""

    def sign(ledger: Ledger) -> bytes:
        log = ledger.world.log
        checkpoint = Checkpoint(origin or log.name, size, ledger.world.root(root_of))
        return sign_checkpoint(checkpoint, log).note.format()

    return sign


def flipped(ledger: Ledger) -> bytes:
    """Return the checkpoint with another size in its text."""
    return ledger.view.note.replace(b"\n17\n", b"\n16\n")


CHECKPOINT = schema.meta_key("checkpoint")
REFUSALS: dict[str, tuple[Change, str]] = {
    "no checkpoint": (deletes(CHECKPOINT), "setting: missing"),
    "no governing row": (deletes(schema.meta_key("governing")), "setting: missing"),
    "a malformed governing row": (puts(schema.meta_key("governing"), lambda _: b"{}"), "governing row: malformed"),
    "a changed checkpoint": (puts(CHECKPOINT, flipped), "checkpoint: not signed by this log's key"),
    "a malformed checkpoint": (puts(CHECKPOINT, lambda _: b""), "checkpoint: not signed by this log's key"),
    "a checkpoint of another origin": (puts(CHECKPOINT, checkpoint_of(17, 17, "other")), "checkpoint: not signed"),
    "an older checkpoint": (puts(CHECKPOINT, checkpoint_of(16, 16)), "checkpoint: entries stand past it"),
    "another root": (puts(CHECKPOINT, checkpoint_of(17, 16)), "checkpoint: the stored entries give another root"),
    "a larger checkpoint": (puts(CHECKPOINT, checkpoint_of(18, 17)), "entry: missing"),
    "a missing entry": (deletes(schema.entry_key(3)), "entry: missing"),
    "a missing last entry": (deletes(schema.entry_key(16)), "entry: missing"),
    "a changed entry": (puts(schema.entry_key(3), lambda _: b"x"), "checkpoint: the stored entries give another root"),
    "an entry past the checkpoint": (puts(schema.entry_key(17), lambda _: b"x"), "checkpoint: entries stand past it"),
    "an entry far past it": (puts(schema.entry_key(2**64 - 1), lambda _: b"x"), "checkpoint: entries stand past it"),
    "a malformed source": (puts(schema.source_key("alpha"), lambda _: b"[]"), "source row: not an object"),
    "a malformed auditor": (puts(schema.auditor_key(2), lambda _: b"{"), "auditor row: not JSON"),
    "the ledger's own row missing": (deletes(schema.source_key(LEDGER)), "source row: the ledger's own is missing"),
    "no sealing policy": (deletes(schema.meta_key("sealing_policy")), "setting: missing"),
    "another sealing policy": (puts(schema.meta_key("sealing_policy"), lambda _: b"{}"), "sealing_policy: does not"),
    "no witness policy": (deletes(schema.meta_key("witness_policy")), "setting: missing"),
    "another witness policy": (puts(schema.meta_key("witness_policy"), lambda _: b"x"), "witness_policy: does not"),
    "another format": (puts(schema.meta_key("format"), lambda _: b"2"), "of another format"),
}


@pytest.mark.parametrize(("change", "message"), REFUSALS.values(), ids=REFUSALS)
def test_a_store_that_contradicts_itself_does_not_start(tmp_path: Path, change: Change, message: str) -> None:
    """Recovery names what does not fit, every time, and keeps nothing open."""
    ledger = rich(tmp_path)
    changed, gone = change(ledger)
    ledger.store.write(changed, gone)
    ledger.stop()
    for _ in range(2):
        with pytest.raises(StoreDamaged, match=message):
            recover(ledger.path, ledger.keys)


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({"checkpoint": SigningKey(WORLD.log.name, secret("other"))}, "checkpoint: not signed by this log's key"),
        ({"checkpoint": SigningKey("other.example", secret("checkpoints"))}, "checkpoint: not signed by this log's"),
        ({"chain": secret("other")}, "source row: the ledger's keys are not the key given"),
    ],
    ids=["another checkpoint key", "the checkpoint key under another name", "another chain key"],
)
def test_other_keys_do_not_start_it(tmp_path: Path, others: dict[str, object], message: str) -> None:
    """A log starts with the keys that its own chain names, and no others."""
    ledger = rich(tmp_path)
    ledger.stop()
    with pytest.raises(StoreDamaged, match=message):
        recover(ledger.path, swapped(ledger.keys, **others))
    recover(ledger.path, ledger.keys).store.close()


def test_a_running_log_is_locked(ledger: Ledger) -> None:
    """While one writer has the store no other starts, and the first is not disturbed."""
    with pytest.raises(Locked):
        recover(ledger.path, ledger.keys)
    ledger.world.disclose("alpha")
    ledger.follow()
    ledger.check()


def test_without_its_mark_it_does_not_start(ledger: Ledger) -> None:
    """A store whose high-water mark is gone could be an old one."""
    ledger.stop()
    mark = ledger.mark.read_bytes()
    ledger.mark.unlink()
    with pytest.raises(StoreBehind, match="missing, so a rollback could not be seen"):
        ledger.start()
    ledger.mark.write_bytes(mark)
    ledger.start()
    ledger.check()


def test_recovery_restores_policy_and_state(ledger: Ledger) -> None:
    """After a restart the log goes on where it was: chains, keys, numbers and revocations."""
    for number in range(3):
        ledger.world.disclose("alpha", disclosure(), disclosure())
        ledger.world.change_key("alpha", forced=number == 1)
        ledger.follow()
        ledger.reopen()
        ledger.check()
    ledger.world.revoke("beta")
    ledger.world.remove_auditor("one")
    ledger.follow()
    ledger.reopen()
    ledger.check()
