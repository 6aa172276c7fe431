"""Whatever a body can hold survives the way to bytes and back, and nothing unlawful comes out of a leaf."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.core import mirror
from ledger.core.errors import InvalidInput
from ledger.core.rules import check_body
from ledger.core.statement import Statement, body_message, decode_leaf, encode_body, encode_statement
from tests.core.strategies import BODY_CLASSES, descriptor_of, instances, statements


def checked(statement: Statement) -> Statement:
    """Return ``statement`` if its body breaks no rule."""
    check_body(statement.body, statement.recorded_at)
    return statement


def outcome(call: Callable[[], Statement]) -> Statement | str:
    """Return what ``call`` returns, or the words it refuses with."""
    try:
        return call()
    except InvalidInput as error:
        return str(error)


@pytest.mark.parametrize("body", BODY_CLASSES, ids=lambda body: body.__name__)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_body_survives(body: type, data: st.DataObject) -> None:
    """Whatever a class can hold is written, serialised, parsed and read as the same value."""
    value = data.draw(instances(body, descriptor_of(body)))
    message = type(body_message(value)).FromString(encode_body(value))
    assert mirror.read(body, message) == value


@pytest.mark.parametrize("body", BODY_CLASSES, ids=lambda body: body.__name__)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_lawful_statement_survives(body: type, data: st.DataObject) -> None:
    """A statement whose body breaks no rule decodes from its leaf to itself."""
    statement = data.draw(statements(body))
    leaf = encode_statement(statement)
    assert decode_leaf(leaf).statement == statement


@pytest.mark.parametrize("body", BODY_CLASSES, ids=lambda body: body.__name__)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_leaf_says_nothing_unlawful(body: type, data: st.DataObject) -> None:
    """A body that breaks a rule is refused from its leaf by the same words; any other decodes to itself."""
    drawn = data.draw(statements(body))
    statement = replace(drawn, body=data.draw(instances(body, descriptor_of(body))))
    assert outcome(lambda: decode_leaf(encode_statement(statement)).statement) == outcome(lambda: checked(statement))
