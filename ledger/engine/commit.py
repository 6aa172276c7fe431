"""What one commit writes: the rows of its batches, gathered one by one."""

from collections.abc import Mapping

from ledger.core import bodies
from ledger.core.batch import Batch
from ledger.core.chain import Source
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import InvalidInput
from ledger.core.policy import Policy
from ledger.core.sealing_policy import minimum_auditors
from ledger.engine import rows, schema
from ledger.engine.intake import Intake


def check_policies(body: bodies.PolicyChanged, files: Mapping[bytes, bytes]) -> tuple[Policy, int]:
    """Return the new witness policy and minimum of auditors; raise InvalidInput unless ``body`` names these files."""
    for name, digest in (
        ("witness_policy", body.witness_policy_digest),
        ("sealing_policy", body.sealing_policy_digest),
    ):
        if sha256(files.get(schema.meta_key(name), b"")) != digest:
            raise InvalidInput(name, "does not match its digest")
    policy = Policy.parse(files[schema.meta_key("witness_policy")])
    return policy, minimum_auditors(files[schema.meta_key("sealing_policy")])


class Commit:
    """What one write is made of, gathered batch by batch."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.hashes: list[Hash] = []
        self.puts: list[tuple[bytes, bytes]] = []
        self.touched: set[str] = set()

    def add(self, first: int, batch: Batch, source: Source, intake: Intake | None) -> None:
        """Take a checked batch in at index ``first``, with what travelled beside it if a source submitted it."""
        self.touched.add(batch.source_id)
        self.hashes.extend(batch.leaf_hashes)
        puts = self.puts
        for index, leaf in enumerate(batch.leaves, first):
            self.leaves.append(leaf.data)
            puts.append((schema.ENTRIES + index.to_bytes(8, "big"), leaf.data))
        row = rows.BatchRow(batch.source_id, batch.first_sequence, batch.count, source.key_index, source.previous)
        puts.append((schema.batch_key(first), rows.write_batch_row(row)))
        puts.append((schema.chain_key(batch.source_id, batch.first_sequence), first.to_bytes(8, "big")))
        if intake is None or not intake.attached:
            return
        puts.append((schema.sealed_keys_key(first), rows.write_sealed_keys(intake.sealed_keys)))
        for position, payload, shred, queue_row in intake.attached:
            place = (first + position).to_bytes(8, "big")
            puts.append((schema.PAYLOADS + place, payload))
            puts.append((schema.SHREDS + place, shred))
            if queue_row:
                puts.append((schema.QUEUE + place, queue_row))
