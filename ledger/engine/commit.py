"""What one commit writes: the rows of its batches, gathered one by one."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from ledger.core import bodies
from ledger.core.batch import Batch
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import InvalidInput
from ledger.core.life import Life, Place
from ledger.core.parties import Source
from ledger.core.policy import Policy
from ledger.core.sealing_policy import SealingPolicy
from ledger.engine import erasing, rows, schema
from ledger.engine.intake import Intake
from ledger.engine.store import Store


def check_policies(body: bodies.PolicyChanged, files: Mapping[bytes, bytes]) -> tuple[Policy, SealingPolicy]:
    """Return the new witness and sealing policies; raise InvalidInput unless ``body`` names these files."""
    for name, digest in (
        ("witness_policy", body.witness_policy_digest),
        ("sealing_policy", body.sealing_policy_digest),
    ):
        if sha256(files.get(schema.meta_key(name), b"")) != digest:
            raise InvalidInput(name, "does not match its digest")
    policy = Policy.parse(files[schema.meta_key("witness_policy")])
    return policy, SealingPolicy.parse(files[schema.meta_key("sealing_policy")])


NOTHING: Final[Mapping[Place, Life]] = MappingProxyType({})


class Commit:
    """What one write is made of, gathered batch by batch."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.hashes: list[Hash] = []
        self.puts: list[tuple[bytes, bytes]] = []
        self.deletes: list[bytes] = []
        self.closed = False
        """Whether nothing more goes into it: an erasure has a commit of its own."""
        self.touched: set[str] = set()
        self.pieces: list[bytes] = []
        """Pieces of what this commit erases, which are to be found nowhere after it."""
        self.lives: dict[Place, Life] = {}
        """What entries have come to that this commit's refer to."""
        self._chains: defaultdict[str, list[tuple[int, int, Batch]]] = defaultdict(list)

    def find(self, source_id: str, sequence: int) -> Life | None:
        """Return what an entry has come to that this commit adds or refers to, None for any other."""
        known = self.lives.get((source_id, sequence))
        if known is not None:
            return known
        chain: Sequence[tuple[int, int, Batch]] = self._chains.get(source_id, ())
        at = bisect_right(chain, sequence, key=lambda item: item[0]) - 1
        if at < 0 or sequence >= chain[at][2].end_sequence:
            return None
        first_sequence, first, batch = chain[at]
        position = sequence - first_sequence
        return Life.begin(first + position, batch.leaf_hashes[position], batch.leaves[position].statement.body)

    def erase(self, store: Store, lives: Iterable[Life]) -> None:
        """Take the payloads of ``lives`` away."""
        self.closed = True
        for life in lives:
            put, deletes, pieces = erasing.begin(store, life)
            self.puts.append(put)
            self.deletes += deletes
            self.pieces += pieces

    def add(
        self, first: int, batch: Batch, source: Source, intake: Intake | None, lives: Mapping[Place, Life] = NOTHING
    ) -> None:
        """Take a checked batch in at index ``first``: what travelled beside it, the ``lives`` that it changes."""
        self.lives.update(lives)
        self._chains[batch.source_id].append((batch.first_sequence, first, batch))
        self.touched.add(batch.source_id)
        self.hashes.extend(batch.leaf_hashes)
        puts = self.puts
        for index, leaf in enumerate(batch.leaves, first):
            self.leaves.append(leaf.data)
            puts.append((schema.ENTRIES + index.to_bytes(8, "big"), leaf.data))
        row = rows.BatchRow(batch.source_id, batch.first_sequence, batch.count, source.key_index, source.previous)
        puts.append((schema.batch_key(first), rows.write_batch_row(row)))
        puts.append((schema.chain_key(batch.source_id, batch.first_sequence), first.to_bytes(8, "big")))
        if intake is None:
            return
        if intake.sealed_keys:
            puts.append((schema.sealed_keys_key(first), rows.write_sealed_keys(intake.sealed_keys)))
        for position, payload, shred, queue_row in intake.attached:
            place = (first + position).to_bytes(8, "big")
            if payload:
                puts.append((schema.PAYLOADS + place, payload))
                puts.append((schema.SHREDS + place, shred))
            if queue_row:
                puts.append((schema.QUEUE + place, queue_row))
