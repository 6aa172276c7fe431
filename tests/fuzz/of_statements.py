"""Targets: leaves, batches, submissions, receipts."""

from dataclasses import replace
from typing import Any, Final

from google.protobuf.message import DecodeError

from ledger.core import mirror
from ledger.core.admission import check_boxes, check_clock, examine
from ledger.core.batch import decode_batch, verify_seal
from ledger.core.bodies import SlotOpening
from ledger.core.checkpoint import Checkpoint, sign_checkpoint
from ledger.core.errors import InvalidInput, NotAuthenticated, Refused, Uncheckable, VerificationFailed
from ledger.core.merkle import leaf_hash, tree_root
from ledger.core.note import VKey
from ledger.core.receipt import ReceiptExtra, format_receipt, verify_receipt
from ledger.core.slots import open_slots, slots_root, verify_opening
from ledger.core.statement import decode_leaf, encode_statement
from ledger.service import convert
from ledger.v1 import disclosure_pb2, receipt_pb2, statement_pb2
from tests.core.world import RECORD, inclusion_path
from tests.fuzz.driving import Target, require_same
from tests.fuzz.messages import protobuf, receipt
from tests.fuzz.seeds import leaves, log, submissions, vectors

_VKEY: Final = VKey.parse(vectors("receipts")["vkey"])
_SECRET: Final = b"secret" * 5 + b"??"
_ROOT: Final = slots_root(RECORD, _SECRET)


def _leaf(data: bytes) -> None:
    leaf = decode_leaf(data)
    require_same(leaf.data, data)
    require_same(encode_statement(leaf.statement), data)
    require_same(encode_statement(replace(leaf.statement, seal=None)), leaf.unsealed)


def _message(message: Any, data: bytes) -> Any:
    """Return ``data`` as the library reads it before any code of ours, refused where it cannot."""
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise InvalidInput("message", "does not parse") from None
    return message


def _batch(data: bytes) -> None:
    batch = decode_batch(list(_message(disclosure_pb2.SubmitBatchRequest(), data).statements))
    for leaf in batch.leaves:
        require_same(encode_statement(leaf.statement), leaf.data)


def _submission(data: bytes) -> None:
    """All that a writer asks of a batch before it logs it."""
    world = log()
    examined = examine(convert.submission(_message(disclosure_pb2.SubmitBatchRequest(), data)))
    batch = examined.batch
    source = world.state.check_binding(batch.source_id, examined.submission.binding)
    world.state.check_chain(batch, source)
    check_clock(batch, world.minute)
    check_boxes(examined.submission.sealed_keys, source, world.state.auditors, 1)
    verify_seal(batch, examined.submission.binding, source.keys)


def _extra(data: bytes) -> None:
    require_same(ReceiptExtra.decode(data).encode(), data)


def _receipt(data: bytes) -> None:
    verified = verify_receipt(data, _VKEY)
    require_same(verified.checkpoint.checkpoint.origin, verified.opened.origin)


def _lying_log(data: bytes) -> None:
    """A receipt of any statements that a log may have put under its own signature: what nobody sealed is refused."""
    message = _message(receipt_pb2.ReceiptExtra(), data)
    under = [leaf_hash(item) for item in (message.log_opened, message.key_statement, message.leaf)]
    world = log()
    message.log_opened_path[:] = inclusion_path(under, 0)
    message.key_statement_path[:], message.key_statement_index = inclusion_path(under, 1), 1
    extra = ReceiptExtra.decode(message.SerializeToString(deterministic=True))
    note = sign_checkpoint(Checkpoint(world.log.name, 3, tree_root(under)), world.log).note.format()
    verify_receipt(format_receipt(2, inclusion_path(under, 2), note, extra), world.vkey)
    require_same({extra.leaf, extra.key_statement, extra.log_opened} - set(world.leaves), set())


def _opening(data: bytes) -> None:
    name, value = verify_opening(mirror.read(SlotOpening, _message(statement_pb2.SlotOpening(), data)), _ROOT)
    require_same(value, RECORD.get(name))


def _openings() -> tuple[bytes, ...]:
    found = open_slots(RECORD, _SECRET, ("outcome", "notes", "data_categories", "recipient"))
    return tuple(mirror.write(item, statement_pb2.SlotOpening()).SerializeToString() for item in found)


def _extras() -> tuple[bytes, ...]:
    world = log()
    return tuple(world.receipt_extra(index).encode() for index in (0, 3, 5, 7, 12, 15))


_STATED: Final = (InvalidInput, Uncheckable)
_PROVEN: Final = (InvalidInput, VerificationFailed, Uncheckable)

TARGETS: Final = (
    Target("decode_leaf", _leaf, _STATED, leaves(), protobuf),
    Target("decode_batch", _batch, _STATED, submissions(), protobuf),
    Target("submission", _submission, (*_STATED, Refused, NotAuthenticated), submissions(), protobuf),
    Target("ReceiptExtra.decode", _extra, (InvalidInput,), _extras(), protobuf),
    Target(
        "verify_receipt",
        _receipt,
        _PROVEN,
        tuple(case["receipt"].encode() for case in vectors("receipts")["cases"]),
        receipt,
    ),
    Target("verify_receipt, of a lying log", _lying_log, _PROVEN, _extras(), protobuf),
    Target("verify_opening", _opening, (InvalidInput, VerificationFailed), _openings(), protobuf),
)
