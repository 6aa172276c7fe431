"""A recorder follows the publication policy in force, and one wrong statement does not cost others their place."""

import asyncio
from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.client.recorder import Recorder
from ledger.client.transport import channel
from ledger.core import bodies
from ledger.core.building import prepare_delivery
from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput, LedgerError, PolicySuperseded, Refused
from ledger.core.record import PartialRecord
from ledger.core.sealing_policy import SealingPolicy
from ledger.core.slots import verify_opening
from ledger.core.statement import decode_leaf
from tests.client.honest import pins
from tests.client.lying import Lying, lying
from tests.client.recording import chain, journal, opened_world, recording
from tests.core.embargoed import MONTH, ORDER
from tests.core.world import Entropy, disclosure

PUBLIC = SealingPolicy(1, ("authority_country", "rejection_reason"))


def publish(ledger: Lying, policy: SealingPolicy) -> None:
    """Have the ledger's policy be another from here on."""
    world = ledger.world
    governing, data = world.state.governing, policy.format()
    changed = bodies.PolicyChanged(
        0, governing.witness_policy_digest, sha256(data), governing.approvers, governing.thresholds
    )
    world.govern(changed)
    world.sealing_policy = data


async def test_a_recorder_follows_a_policy_that_changes_under_it(tmp_path: Path) -> None:
    """What is refused under a new policy is built again under it; absent fields are opened as absent."""
    async with lying(opened_world()) as ledger, channel(ledger.address, None) as opened:
        world = ledger.world
        asked: list[int] = []

        async def renew() -> object:
            asked.append(world.size)
            return replace(chain(world), publish=SealingPolicy.parse(world.sealing_policy).publish)

        held = journal(world, tmp_path / "state")
        recorder = Recorder(opened, pins(world), world.secrets["alpha"], held, lambda: world.minute * 60.0)
        await recorder.start(chain(world), renew)  # type: ignore[arg-type]  # it returns a chain
        first = await recorder.record(disclosure())
        publish(ledger, PUBLIC)
        receipts = await asyncio.gather(*(recorder.record(disclosure()) for _ in range(3)))
        await recorder.close()
    assert asked == [world.size - 3]
    assert [receipt.sequence for receipt in receipts] == [first.sequence + 1 + at for at in range(3)]
    for receipt in receipts:
        body = decode_leaf(world.leaves[receipt.index]).statement.body
        assert isinstance(body, bodies.Disclosure)
        shown = [verify_opening(item, body.slots_root) for item in body.openings]
        assert shown == [("authority_country", "NO"), ("rejection_reason", None)]


async def test_a_policy_that_stays_another_is_told(tmp_path: Path) -> None:
    """A ledger that refuses the policy it serves is asked once, then its refusal goes to the caller."""
    async with lying(opened_world()) as ledger, channel(ledger.address, None) as opened:
        world = ledger.world

        async def renew() -> object:
            return chain(world)

        held = journal(world, tmp_path / "state")
        recorder = Recorder(opened, pins(world), world.secrets["alpha"], held, lambda: world.minute * 60.0)
        await recorder.start(chain(world), renew)  # type: ignore[arg-type]  # it returns a chain
        ledger.refusals = deque([PolicySuperseded("openings: old"), PolicySuperseded("openings: old")])
        with pytest.raises(PolicySuperseded):
            await recorder.record(disclosure())
        assert (await recorder.record(disclosure())).sequence == 0
        await recorder.close()


async def test_a_wrong_statement_costs_nobody_else_a_place(tmp_path: Path) -> None:
    """Of calls that went as one batch, the one whose target forbids it is refused, and the others are logged."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        target = (await recorder.record(disclosure())).target
        await recorder.deliver(target)
        outcomes = await asyncio.gather(
            recorder.record(disclosure()),
            recorder.deliver(target),
            recorder.record(disclosure()),
            return_exceptions=True,
        )
        first, refused, second = outcomes
        assert isinstance(refused, Refused)
        assert not isinstance(first, BaseException)
        assert not isinstance(second, BaseException)
        assert (first.sequence, second.sequence) == (2, 3)
    assert ledger.world.size == 7


async def test_a_batch_of_disclosures_is_refused_as_one(tmp_path: Path) -> None:
    """Disclosures that refer to nothing are not tried one by one: what refuses them refuses each."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        ledger.refusals = deque([Refused("log: frozen")])
        outcomes = await asyncio.gather(*(recorder.record(disclosure()) for _ in range(3)), return_exceptions=True)
        assert all(isinstance(outcome, LedgerError) for outcome in outcomes)
    assert len(ledger.received) == 1


async def test_what_became_of_a_disclosure_is_told(tmp_path: Path) -> None:
    """A receipt names its entry for a later DELIVERY, with or without fields of a record."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        receipt = await recorder.record(disclosure())
        note = PartialRecord.from_json_object({"notes": "line cut"})
        aborted = await recorder.deliver(receipt.target, bodies.DeliveryResult.ABORTED, note)
        body = decode_leaf(ledger.world.leaves[aborted.index]).statement.body
        assert isinstance(body, bodies.Delivery)
        assert (body.target, body.result) == (receipt.target, bodies.DeliveryResult.ABORTED)
        again = prepare_delivery(receipt.target, bodies.DeliveryResult.ABORTED, note, Entropy(b"other"))
        with pytest.raises(Refused, match="target: has a DELIVERY"):
            await recorder.submit(again)


async def test_an_embargo_past_its_cap_is_refused_before_anything_is_kept(tmp_path: Path) -> None:
    """A body that breaks a rule by itself is never signed, costs its neighbours nothing, and leaves no journal."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        too_far = replace(disclosure(**ORDER), embargo=MONTH + 37)
        outcomes = await asyncio.gather(recorder.record(too_far), recorder.record(disclosure()), return_exceptions=True)
        assert isinstance(outcomes[0], InvalidInput)
        assert "embargo.until: must be 1 to 36 months" in str(outcomes[0])
        assert not isinstance(outcomes[1], BaseException)
        assert (await recorder.record(replace(disclosure(**ORDER), embargo=MONTH + 36))).sequence == 1
    held = journal(ledger.world, tmp_path / "state")
    assert held.pending() is None
    held.close()
