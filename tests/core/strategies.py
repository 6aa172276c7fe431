"""Hypothesis strategies for the frozen classes that mirror messages, built from their type hints."""

import types
import typing
from dataclasses import fields, replace
from enum import IntEnum
from functools import cache
from itertools import accumulate
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import strategies as st

from ledger.core import bodies
from ledger.core.encoding import Hash
from ledger.core.note import ED25519, VKey
from ledger.core.rules import MAX_MINUTE, month_of
from ledger.core.statement import MAX_SEQUENCE, Seal, Statement, body_name
from ledger.v1 import statement_pb2
from tests.core.examples import key, stated
from tests.core.world import ORIGIN, AuditorKeys

BODY_CLASSES: tuple[type, ...] = typing.get_args(bodies.Body)
SOURCE_IDS = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,62}", fullmatch=True).filter(lambda name: name != "ledger")


def descriptor_of(body: type) -> Descriptor:
    """Return the descriptor of a body's message."""
    descriptor = statement_pb2.Statement.DESCRIPTOR.fields_by_name[body_name(body).lower()].message_type
    assert descriptor is not None
    return descriptor


@cache
def instances(cls: type, descriptor: Descriptor) -> st.SearchStrategy[Any]:
    """Return a strategy for any value of a frozen class that the message can hold, lawful or not."""
    hints = typing.get_type_hints(cls)
    return st.builds(
        cls, **{field.name: _field(hints[field.name], descriptor.fields_by_name[field.name]) for field in fields(cls)}
    )


def _field(hint: Any, field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if typing.get_origin(hint) is tuple:
        return st.lists(_value(typing.get_args(hint)[0], field), max_size=3).map(tuple)
    if typing.get_origin(hint) is types.UnionType:
        return st.none() | _value(typing.get_args(hint)[0], field)
    return _value(hint, field)


def _value(hint: Any, field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if hint is Hash:
        return st.binary(min_size=32, max_size=32)
    if hint is int:
        return st.integers(0, 2**64 - 1 if field.type == FieldDescriptor.TYPE_UINT64 else 2**32 - 1)
    if hint is str:
        return st.text(st.characters(codec="utf-8"), max_size=20)
    if hint is bytes:
        return st.binary(max_size=40)
    if issubclass(hint, IntEnum):
        return st.sampled_from(hint)
    assert field.message_type is not None
    return instances(hint, field.message_type)


@st.composite
def statements(draw: st.DrawFn, body: type) -> Statement:
    """Draw a lawful statement of a body class."""
    minute = draw(st.integers(0, MAX_MINUTE))
    said = lawful(draw(instances(body, descriptor_of(body))), minute, draw(SOURCE_IDS))
    seal = draw(st.none() | instances(Seal, statement_pb2.Seal.DESCRIPTOR))
    sequence = draw(st.integers(0, MAX_SEQUENCE))
    return replace(stated(said, seal), sequence=sequence, recorded_at=minute)


def lawful(body: bodies.Body, minute: int, source_id: str) -> bodies.Body:
    """Return ``body`` with what rules bind put right, and everything else as it was."""
    match body:
        case bodies.LogOpened():
            vkey = VKey.of(ORIGIN, ED25519, key("checkpoints").key).format()
            own = (key("chain"),)
            return replace(body, origin=ORIGIN, checkpoint_vkey=vkey, ledger_keys=own, approvers=(), thresholds=())
        case bodies.PolicyChanged():
            keys = tuple(key(f"approver {number}") for number in range(len(body.approvers)))
            rows = tuple(bodies.Threshold(number, len(keys)) for number in range(len(body.thresholds)))
            return replace(body, approvers=keys, thresholds=rows)
        case bodies.SourceEnrolled() | bodies.SourceKeyChanged():
            return replace(
                body,
                source_id=source_id,
                service=source_id,
                keys=(key("new"),),
                grace_hours=body.grace_hours % 745,
                officers=tuple(key(f"officer {number}") for number in range(len(body.officers))),
                officer_threshold=body.officer_threshold % (len(body.officers) + 1),
            )
        case bodies.SourceRevoked():
            return replace(body, source_id=source_id)
        case bodies.AuditorAdded() | bodies.AuditorRemoved():
            return replace(
                body, name="An auditor", signing_key=key("auditor"), x25519_key=AuditorKeys.of("an auditor").x25519
            )
        case bodies.Correction():
            roots = (body.slots_root, body.key_class % 4) if body.key_class else None
            if roots is None:
                return replace(body, keys_root=b"", key_class=0, aggregates_root=b"")
            size = (4, 16, 64, 256)[roots[1]]
            return replace(body, keys_root=roots[0], key_class=size, aggregates_root=roots[0])
        case bodies.EmbargoExtended():
            return replace(body, number=max(body.number, 1))
        case bodies.Erasure():
            return replace(body, source_id=source_id, legal_basis="Art. 17 § 1")
        case bodies.AuditReport():
            begin, end = sorted((body.begin, body.end))
            checks = tuple(sorted(set(body.checks))) or (bodies.AuditCheck.LOG,)
            return replace(body, begin=begin, end=end if end > begin else min(begin, 2**63) + 1, checks=checks)
        case bodies.ChallengeAnswer():
            denial = body.denial or bodies.Denial(source_id, ())
            return replace(body, denial=None if body.inclusion else denial)
        case bodies.Disclosure():
            return _lawful_disclosure(body, minute)
        case bodies.Closing():
            first, end = sorted((body.first_sequence, body.end_sequence))
            start = min(body.start, 2**63)
            return replace(
                body,
                start=start,
                end=start + 1,
                first_sequence=first,
                end_sequence=end,
                disclosures=_lawful_count(body.disclosures),
                aborted=_lawful_count(body.aborted),
                embargoed=_lawful_count(body.embargoed),
                late=_lawful_count(body.late),
            )
        case _:
            return body


def _lawful_count(count: bodies.Count) -> bodies.Count:
    return bodies.Count(*sorted((count.lo, count.hi)))


def _lawful_disclosure(body: bodies.Disclosure, minute: int) -> bodies.Disclosure:
    gaps = accumulate(1 + opening.position % 9 for opening in body.openings)
    openings = [replace(opening, position=at) for opening, at in zip(body.openings, gaps, strict=True)]
    count = 2 + body.part.count % 63 if body.part else 0
    return replace(
        body,
        key_class=(4, 16, 64, 256)[body.key_class % 4],
        embargo=body.embargo and bodies.Embargo(month_of(minute) + 1 + body.embargo.until % 36),
        part=body.part and bodies.Part(body.part.index % count, count),
        openings=() if body.embargo else tuple(openings),
    )
