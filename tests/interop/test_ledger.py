"""A ledger that runs, its receipts and its files, in the eyes of those who know the formats and nothing of ledgers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.core.note import VKey
from ledger.core.tlogproof import TlogProof
from ledger.service.server import serving
from tests.cli.commands import ANY_PORT, Site, disclosure, lines, site
from tests.interop.ecosystem import Ecosystem, Job, Verdict
from tests.service.test_web import mirrored

RECORDED = 300


@pytest.fixture(scope="module")
def here() -> Iterator[Site]:
    """Give a ledger that is served, also as files, with 300 disclosures, receipts in ``receipts``, files in ``out``."""
    with site() as here:
        here.open(inside=True)
        here.serve({"LEDGER_HTTP_LISTEN": ANY_PORT})
        source = here.source("alpha", here.auditor("One"))
        given = lines(*map(disclosure, range(RECORDED)))
        here.call("ledger", "record", "-", "-p", source, "--receipts", "receipts", given=given)
        here.call("ledgerctl", "export", "led", "out")
        yield here


@pytest.fixture(scope="module")
def vkey(here: Site) -> VKey:
    """The ledger's verifier key, from the file that it hands out."""
    return VKey.parse(here.path("led/log.vkey").read_text().strip())


@pytest.fixture(scope="module")
def read(ecosystem: Ecosystem, here: Site, vkey: VKey) -> Verdict:
    """What Tessera and torchwood read in the ledger's files."""
    return ecosystem.ask("read-tiles", VKey=vkey.format(), Origin=vkey.name, Folder=str(here.path("out")))


def test_its_files_are_a_log_to_both(read: Verdict) -> None:
    """Tessera finds tiles, entries and checkpoint in agreement, and torchwood gets every entry under proof."""
    assert read["size"] == len(read.each("entries")) == RECORDED + 3


def test_its_files_are_one_log_on_disk_and_on_the_web(
    ecosystem: Ecosystem, here: Site, vkey: VKey, read: Verdict, tmp_path: Path
) -> None:
    """What the ledger serves itself is read over HTTP as the same entries under the same root."""
    bound = serving(here.path("led"))
    assert bound is not None
    mirrored(bound.http, tmp_path / "mirror", vkey, RECORDED + 3)
    served = ecosystem.ask("read-tiles", VKey=vkey.format(), Origin=vkey.name, URL=f"http://{bound.http}")
    assert served.found == read.found


def test_its_receipts_verify_in_go(ecosystem: Ecosystem, here: Site, vkey: VKey, read: Verdict) -> None:
    """Each receipt proves to formats/proof and merkle that the entry read at its index is under a signed checkpoint."""
    entries = read.each("entries")
    raws = [path.read_bytes() for path in here.path("receipts").iterdir()]
    indexes = [TlogProof.parse(raw).index for raw in raws]
    key = {"VKey": vkey.format(), "Origin": vkey.name}
    jobs = [
        Job.of("read-tlog-proof", Raw=raw, Leaf=entries[index], **key) for raw, index in zip(raws, indexes, strict=True)
    ]
    assert sorted(indexes) == list(range(3, RECORDED + 3))
    for raw, index, verdict in zip(raws, indexes, ecosystem.judge(jobs), strict=True):
        assert verdict["index"] == index
        assert verdict.raw("raw") == raw
