"""What one commit writes: the rows of its batches, gathered one by one."""

from collections.abc import Callable, Iterator, Mapping

from ledger.core import bodies
from ledger.core.admission import Submission
from ledger.core.batch import Batch
from ledger.core.chain import Source
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import InvalidInput
from ledger.core.policy import Policy
from ledger.core.sealing_policy import minimum_auditors
from ledger.engine import rows, schema


def check_policies(body: bodies.PolicyChanged, files: Mapping[bytes, bytes]) -> int:
    """Return the new minimum of auditors; raise InvalidInput unless both files that ``body`` names are there."""
    for name, digest in (
        ("witness_policy", body.witness_policy_digest),
        ("sealing_policy", body.sealing_policy_digest),
    ):
        if sha256(files.get(schema.meta_key(name), b"")) != digest:
            raise InvalidInput(name, "does not match its digest")
    Policy.parse(files[schema.meta_key("witness_policy")])
    return minimum_auditors(files[schema.meta_key("sealing_policy")])


class Commit:
    """What one write is made of, gathered batch by batch."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.hashes: list[Hash] = []
        self.puts: list[tuple[bytes, bytes]] = []
        self.touched: set[str] = set()

    def add(
        self,
        submission: Submission | None,
        first: int,
        batch: Batch,
        source: Source,
        entropy: Callable[[int], bytes],
        queue_key: bytes,
    ) -> None:
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
        if submission is None or not submission.attachments:
            return
        puts.append((schema.sealed_keys_key(first), rows.write_sealed_keys(submission.sealed_keys)))
        nonces = _pieces(entropy(rows.NONCE_SIZE * len(submission.attachments)), rows.NONCE_SIZE)
        for item in submission.attachments:
            index = first + item.position
            place = index.to_bytes(8, "big")
            puts.append((schema.PAYLOADS + place, item.payload))
            puts.append((schema.SHREDS + place, item.shred))
            if item.keys:
                puts.append((schema.QUEUE + place, rows.seal_lookup_keys(item.keys, index, queue_key, next(nonces))))


def _pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))
