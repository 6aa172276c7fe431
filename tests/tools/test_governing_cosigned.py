"""A governance statement's receipt is cosigned where the log has witnesses, and plain where they give no quorum."""

import asyncio

from ledger.core.note import VKey
from ledger.core.witnessing import KnownLog
from tests.cli.commands import Site, site
from tests.service.cosigning import Running, policy_of, running


def know(here: Site, witness: Running) -> None:
    """Have a witness cosign the ledger's log."""
    vkey = VKey.parse(here.path("led/log.vkey").read_text().strip())
    witness.state.prepare()
    witness.state.add(KnownLog(vkey, vkey.name))


def enrolled(here: Site, name: str) -> tuple[str, str]:
    """Enrol a source by commands; return its receipt's path, and what was said."""
    here.call("ledger", "keygen", "source", "-o", f"{name}.key")
    where = ("--log-id", here.log_id, "-o", f"{name}.request")
    here.call("ledger", "request", "source", "-k", f"{name}.key", "--id", name, "--service", name, *where)
    ran = here.run("ledgerctl", "enroll", f"{name}.request", "-d", "led")
    return ran.stderr.rpartition("receipt: ")[2].strip(), ran.stderr


async def test_a_statements_receipt_is_cosigned_once_there_is_a_quorum() -> None:
    """With witnesses the receipt verifies under their policy; without them the statement is logged all the same."""
    async with running(("one", "two")) as found:
        with site() as here:
            here.path("policy").write_bytes(policy_of(found))
            await asyncio.to_thread(here.open, "--policy", "policy")
            for witness in found:
                know(here, witness)
            await asyncio.to_thread(here.serve, {"LEDGER_QUORUM_SECONDS": "2"})
            receipt, _ = await asyncio.to_thread(enrolled, here, "seen")
            trusted = ("--log", "led/log.vkey", "--policy", "policy")
            await asyncio.to_thread(here.run, "ledger", "verify", receipt, *trusted)
            await found[1].stop()
            receipt, said = await asyncio.to_thread(enrolled, here, "unseen")
            assert "logged, with a receipt that is not cosigned (cosigned: no quorum for 3 entries within" in said
            await asyncio.to_thread(here.run, "ledger", "verify", receipt, "--log", "led/log.vkey")
