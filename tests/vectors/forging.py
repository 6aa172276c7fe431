"""Receipts that ledger and source forge together: all keys are theirs, so that a single check has to catch each one."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any, Final

from tests.vectors import leaves, wire
from tests.vectors.basics import h, leaf_hash, node, path_of, root_of, sign, u, vectors
from tests.vectors.batches import ZEROS, signed_bytes
from tests.vectors.notes import VKey
from tests.vectors.wire import Message

_BATCHES: Final = vectors("batches")["cases"]
_LOG: Final = vectors("notes")["vkeys"][0]
LOG: Final = VKey.parse(_LOG["vkey"])
OPENED: Final = h(_BATCHES[0]["statements"][0])
ENROLLED: Final = h(_BATCHES[1]["statements"][0])
DISCLOSED: Final = h(_BATCHES[2]["statements"][0])
LEDGER_SEED, SOURCE_SEED = h(_BATCHES[0]["seeds"][0]), h(_BATCHES[2]["seeds"][0])
SIBLING: Final = leaf_hash(b"the other statement of a batch of two")


def altered(leaf: bytes, body: str, **changes: Any) -> bytes:
    """Return a leaf that says something else; its seal is the old one."""
    statement = leaves.read(leaf)
    return wire.encode("Statement", {**statement, body: {**statement[body], **changes}})


def receipt(
    *,
    opened: bytes = OPENED,
    key_statement: bytes = ENROLLED,
    tree: Sequence[bytes | None] = (OPENED, ENROLLED, None),
    key_index: int = 1,
    said: bytes = DISCLOSED,
    seed: bytes = SOURCE_SEED,
    count: int = 1,
    on_leaf: bool | None = None,
    digest_on_leaf: bytes | None = None,
) -> str:
    """Return the receipt of ``said``, sealed anew by ``seed`` and standing where ``tree`` has None.

    The batch has ``count`` statements, of which this is the first; ``on_leaf`` says whether the leaf has the seal.
    """
    statement = leaves.read(said)
    bare = {**statement, "seal": None}
    hashed, digest = leaf_hash(wire.encode("Statement", bare)), statement["seal"]["sealed_keys_digest"]
    root = hashed if count == 1 else node(hashed, SIBLING)
    place = leaf_hash(opened), statement["source_id"], leaf_hash(key_statement), statement["sequence"], count
    signature = sign(seed, signed_bytes(*place, root, ZEROS, digest))
    seal = {"sealed_keys_digest": digest, "signatures": [{"algorithm": 1, "signature": signature}]}
    own_seal = {**seal, "sealed_keys_digest": digest_on_leaf or digest}
    has_seal = count == 1 if on_leaf is None else on_leaf
    leaf = wire.encode("Statement", {**bare, "seal": own_seal if has_seal else None})
    hashes = [leaf_hash(leaf if item is None else item) for item in tree]
    extra = {
        "leaf": leaf,
        "seal": seal,
        "batch_path": [] if count == 1 else [SIBLING],
        "first_sequence": statement["sequence"],
        "count": count,
        "previous": ZEROS,
        "key_statement": key_statement,
        "key_statement_index": key_index,
        "key_statement_path": path_of(hashes, key_index),
        "log_opened": opened,
        "log_opened_path": path_of(hashes, 0),
    }
    return _file(hashes, list(tree).index(None), extra)


def _file(hashes: Sequence[bytes], index: int, extra: Message) -> str:
    lines = [b64encode(step).decode() for step in path_of(hashes, index)]
    text = f"{LOG.name}\n{len(hashes)}\n{b64encode(root_of(hashes)).decode()}\n"
    line = b64encode(LOG.key_id + sign(h(_LOG["seed"]), text.encode())).decode()
    encoded = b64encode(wire.encode("ReceiptExtra", extra)).decode()
    head = "\n".join(["c2sp.org/tlog-proof@v1", f"extra {encoded}", f"index {index}", *lines])
    return f"{head}\n\n{text}\n\u2014 {LOG.name} {line}\n"


def _by_ledger() -> bytes:
    statement = leaves.read(ENROLLED)
    return wire.encode("Statement", {**statement, "sequence": 7})


_OTHER_RANDOM: Final = altered(OPENED, "log_opened", random=u(32, 1))
_OTHER_ORIGIN: Final = altered(OPENED, "log_opened", origin="other.example/log")
_OTHER_SERVICE: Final = altered(ENROLLED, "source_enrolled", service="other")
_OTHER_SOURCE: Final = altered(ENROLLED, "source_enrolled", source_id="mail.eu-1")

HONEST: Final = {
    "a source's": receipt(),
    "a source's, first of two": receipt(count=2),
    "the ledger's": receipt(key_statement=OPENED, key_index=0, said=_by_ledger(), seed=LEDGER_SEED),
}
FORGED: Final = {
    "LOG_OPENED is not in the tree": receipt(opened=_OTHER_RANDOM),
    "LOG_OPENED is of another origin": receipt(opened=_OTHER_ORIGIN, tree=(_OTHER_ORIGIN, ENROLLED, None)),
    "LOG_OPENED is another statement": receipt(opened=ENROLLED, tree=(ENROLLED, ENROLLED, None)),
    "the key statement stands above the entry": receipt(tree=(OPENED, None, ENROLLED), key_index=2),
    "the key statement is not in the tree": receipt(key_statement=_OTHER_SERVICE),
    "the key statement names another source": receipt(key_statement=_OTHER_SOURCE, tree=(OPENED, _OTHER_SOURCE, None)),
    "the ledger under a source's key": receipt(said=_by_ledger()),
    "a source under the ledger's key": receipt(key_statement=OPENED, key_index=0, seed=LEDGER_SEED),
    "the ledger under a second LOG_OPENED": receipt(
        key_statement=_OTHER_RANDOM, tree=(OPENED, _OTHER_RANDOM, None), said=_by_ledger(), seed=LEDGER_SEED
    ),
    "the last of a batch has no seal": receipt(on_leaf=False),
    "the first of two has a seal": receipt(count=2, on_leaf=True),
    "the leaf has another seal": receipt(digest_on_leaf=u(32, 1)),
}
