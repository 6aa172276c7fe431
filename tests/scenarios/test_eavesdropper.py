"""The operator accredits an auditor of his own, to read what sources seal."""

from ledger.core.encoding import sha256
from ledger.core.sealed_keys import SealedKey
from ledger.engine import rows, schema
from ledger.engine.store import Store
from tests.cli.commands import disclosure, lines
from tests.scenarios.stage import FIRST, SIZE, Stage


def test_nothing_is_sealed_to_it(scene: Stage) -> None:
    """A source seals to whom it knows and the log names; the newcomer is seen by everybody and opens nothing."""
    with scene.served():
        scene.call("ledger", "keygen", "auditor", "-o", "Ear.key", "--name", "Ear")
        words = ("-k", "Ear.key", "-o", "Ear.request", "--name", "Ear", "--log-id", scene.here.log_id)
        scene.call("ledger", "request", "auditor", *words)
        scene.call("ledgerctl", "auditor", "add", "Ear.request", "-d", "led")
        scene.call("ledgerctl", "certs", "auditor", "Ear", "-o", "Ear", "-d", "led")
        scene.call("ledger", "record", "-", "-p", "alpha", given=lines(disclosure(90)))
        heard = ("ledger", "audit", "open", f":{SIZE + 2}", "-p")
        ran = scene.call(*heard, "Ear", "-k", "Ear.key", code=2)
        assert "0 payloads opened and held against their leaves, 0 findings, 7 not opened" in ran.stderr
        assert "7 payloads opened" in scene.call(*heard, "One").stderr
        (entry,) = scene.call("ledger", "entries", SIZE, "-p", "anyone", "--json").objects
        assert entry["body"] == "AUDITOR_ADDED"
        names = [row["name"] for row in scene.call("ledgerctl", "auditor", "list", "-d", "led", "--json").objects]
        assert names == ["One", "Two", "Ear"]
    store = Store.open(scene.ledger / "store")
    try:
        boxes = rows.read_sealed_keys(store.require(schema.sealed_keys_key(SIZE + 1)))
    finally:
        store.close()
    assert len(boxes) == 3, "the source's own, One's and Two's"


def test_a_box_put_beside_is_found(scene: Stage) -> None:
    """The seal binds whom a batch is sealed to: a box that the operator adds is seen by the other auditors."""
    store = Store.open(scene.ledger / "store")
    try:
        place = schema.sealed_keys_key(FIRST)
        boxes = (*rows.read_sealed_keys(store.require(place)), SealedKey(sha256(b"Ear"), b"?" * 80))
        store.write([(place, rows.write_sealed_keys(tuple(sorted(boxes, key=lambda box: box.key_id))))])
    finally:
        store.close()
    error = scene.call("ledgerctl", "fsck", "led", code=1).error
    assert error == f"sealed keys of the batch at {FIRST}: their digest is not the seal's"
    with scene.served():
        error = scene.call("ledger", "audit", "open", FIRST, "-p", "One", code=1).error
    assert error.startswith("sealed keys: not those of the batch's seal")
