"""The statement: strict decoding of a leaf, canonical encoding, and the seal that ends a batch (protocol §1, §2).

A leaf is the exact serialisation of one ``ledger.v1.Statement``: fields in number order, defaults omitted, nothing
unknown. Decoding looks at version, body number and extension types first: an unknown one raises Uncheckable. Then it
serialises again and refuses any difference.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from ledger.core import bodies, mirror
from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput, LedgerError, Uncheckable
from ledger.core.rules import LEDGER, MAX_MINUTE, check_body, check_source_id
from ledger.core.signing import Signature
from ledger.v1 import statement_pb2

VERSION: Final = 1
MAX_STATEMENT: Final = 16 * 1024
"""Bytes of a leaf, seal included."""

MAX_SEQUENCE: Final = 2**63 - 2
FIRST_BODY_FIELD: Final = 16

HEAD: Final = statement_pb2.Statement(version=VERSION).SerializeToString()
"""What every statement of this version begins with."""

_UNKNOWN_VERSION: Final = "statement: this version is not known to this release"
_BODY_CLASSES: Final = {
    field.name: getattr(bodies, cast(Descriptor, field.message_type).name)
    for field in statement_pb2.Statement.DESCRIPTOR.oneofs_by_name["body"].fields
}
_BODY_NAMES: Final = {cls: name for name, cls in _BODY_CLASSES.items()}
_KNOWN_FIELDS: Final = frozenset(statement_pb2.Statement.DESCRIPTOR.fields_by_number)


@dataclass(frozen=True, slots=True)
class Seal:
    """The signature over a batch: one for each registered algorithm, ascending."""

    sealed_keys_digest: Hash
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One entry: what ``source_id`` says at ``sequence``; ``recorded_at`` in minutes since the epoch."""

    source_id: str
    sequence: int
    recorded_at: int
    body: bodies.Body
    seal: Seal | None = None


class Roots(NamedTuple):
    """What a statement with a sealed payload binds that to; a tuple, for there is one in nearly every entry.

    ``keys_root`` is empty and ``key_class`` 0 where no lookup keys belong to it.
    """

    slots_root: bytes
    payload_digest: bytes
    keys_root: bytes = b""
    key_class: int = 0


class Leaf:
    """A decoded leaf: its exact bytes, the same without the seal, and what they say.

    A plain DISCLOSURE, without embargo, late_for, part, openings and seal, has one shape, which is recognised without
    a parser. It is made without a ``statement``, which is decoded when somebody asks.
    """

    __slots__ = ("_statement", "data", "unsealed")

    def __init__(self, data: bytes, unsealed: bytes, statement: Statement | None) -> None:
        self.data, self.unsealed, self._statement = data, unsealed, statement

    def __eq__(self, other: object) -> bool:
        """A leaf is its bytes."""
        return isinstance(other, Leaf) and self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data)

    @property
    def is_plain(self) -> bool:
        """Whether it was recognised by its shape and is not parsed yet."""
        return self._statement is None

    @property
    def statement(self) -> Statement:
        """What the leaf says."""
        if self._statement is None:
            self._statement = decode_leaf(self.data).statement
        return self._statement

    @property
    def roots(self) -> Roots | None:
        """What the statement binds its sealed payload to, None for one without a payload."""
        if self._statement is None:
            data = self.data  # ends with four hashes and the key class, each behind its tag
            return Roots(data[-136:-104], data[-102:-70], data[-68:-36], data[-35])
        return roots_of(self._statement.body)


def roots_of(body: bodies.Body) -> Roots | None:
    """Return what ``body`` binds its sealed payload to, None for one without a payload."""
    match body:
        case bodies.Disclosure() | bodies.Correction():
            return Roots(body.slots_root, body.payload_digest, body.keys_root, body.key_class)
        case bodies.Delivery() | bodies.EmbargoExtended():
            return Roots(body.slots_root, body.payload_digest)
        case _:
            return None


def body_field(body: type) -> int:
    """Return the field number of a body class in Statement."""
    return int(statement_pb2.Statement.DESCRIPTOR.fields_by_name[_BODY_NAMES[body]].number)


def body_name(body: type) -> str:
    """Return a body's name as the protocol spells it, such as LOG_OPENED."""
    return _BODY_NAMES[body].upper()


def body_message(body: bodies.Body) -> Message:
    """Return a body as its protobuf message."""
    message = statement_pb2.Statement()
    return mirror.write(body, getattr(message, _BODY_NAMES[type(body)]))


def encode_body(body: bodies.Body) -> bytes:
    """Return the canonical bytes of a body alone."""
    return body_message(body).SerializeToString(deterministic=True)


def encode_statement(statement: Statement) -> bytes:
    """Return the leaf of a statement; raise InvalidInput past 16 KiB."""
    message = statement_pb2.Statement(
        version=VERSION,
        source_id=statement.source_id,
        sequence=statement.sequence,
        recorded_at=statement.recorded_at,
    )
    mirror.write(statement.body, getattr(message, _BODY_NAMES[type(statement.body)]))
    if statement.seal is not None:
        mirror.write(statement.seal, message.seal)
    data = message.SerializeToString(deterministic=True)
    if len(data) > MAX_STATEMENT:
        raise InvalidInput("statement", f"longer than {MAX_STATEMENT} bytes")
    return data


def decode_leaf(data: bytes) -> Leaf:
    """Decode a leaf strictly.

    Raises:
        Uncheckable: the version, the body number or an extension type is not known to this release.
        InvalidInput: empty, oversized, unparsable, not canonical, or a field breaks its rule.
    """
    if not 0 < len(data) <= MAX_STATEMENT:
        raise _unreadable(data, f"must be 1 to {MAX_STATEMENT} bytes")
    message = statement_pb2.Statement()
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise _unreadable(data, "does not parse") from None
    _check_known(message)
    name = message.WhichOneof("body")
    message.DiscardUnknownFields()
    if message.SerializeToString(deterministic=True) != data:
        raise InvalidInput("statement", "is not in canonical form")
    if name is None:
        raise InvalidInput("body", "missing")
    statement = _convert(message, name)
    if statement.seal is None:
        return Leaf(data, data, statement)
    message.ClearField("seal")
    return Leaf(data, message.SerializeToString(deterministic=True), statement)


def _unreadable(data: bytes, why: str) -> LedgerError:
    """Return what to raise: a statement begins with its version, and another one's bounds and fields are not ours."""
    if data.startswith(HEAD[:1]) and not data.startswith(HEAD):
        return Uncheckable(_UNKNOWN_VERSION)
    return InvalidInput("statement", why)


def _check_known(message: statement_pb2.Statement) -> None:
    if message.version != VERSION:
        raise Uncheckable(_UNKNOWN_VERSION)
    unknown: Iterable[Any] = UnknownFieldSet(message)  # type: ignore[assignment]  # the stubs miss its iteration
    for field in unknown:
        if field.field_number >= FIRST_BODY_FIELD and field.field_number not in _KNOWN_FIELDS:
            raise Uncheckable("statement: this body is not known to this release")
    if message.ext:
        raise Uncheckable("statement: this extension is not known to this release")


def _convert(message: statement_pb2.Statement, name: str) -> Statement:
    source_id = check_source_id(message.source_id)
    if message.sequence > MAX_SEQUENCE:
        raise InvalidInput("sequence", f"must be at most {MAX_SEQUENCE}")
    if message.recorded_at > MAX_MINUTE:
        raise InvalidInput("recorded_at", f"must be at most {MAX_MINUTE}")
    cls = _BODY_CLASSES[name]
    if (cls in bodies.SOURCE_BODIES) == (source_id == LEDGER):
        raise InvalidInput("body", "a source's bodies and the ledger's never mix")
    body = mirror.read(cls, getattr(message, name))
    check_body(body, message.recorded_at)
    seal = mirror.read(Seal, message.seal) if message.HasField("seal") else None
    return Statement(source_id, message.sequence, message.recorded_at, body, seal)
