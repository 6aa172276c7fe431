"""What becomes of entries, by the commands that a person would type: delivered, corrected, opened, gagged, erased."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ledger.cli.demo import processes
from ledger.cli.demo.stage import Stage
from ledger.cli.outcome import DISPROVEN, PROVEN
from ledger.core.errors import Unavailable
from ledger.core.rules import month_of, month_text

LIVED: Final = (
    "delivered",
    "corrected",
    "fields opened",
    "embargo extended",
    "embargo lifted",
    "embargo overdue",
    "erased",
)
"""What the demo shows of entries that others refer to, in its order."""

OPENED: Final = {"authority_country": "NO", "legal_process": "SEARCH_WARRANT"}
"""Fields that are opened for somebody who is to see no others; so they stand in each record that the demo makes."""

_ORDER: Final = {
    "basis": "NATIONAL",
    "issued_at": "2024-01-01T00:00:00.000Z",
    "expires_at": "INDEFINITE",
    "scope": "BOTH",
}


@dataclass(slots=True)
class Living:
    """A source that goes on about its entries; ``held`` gathers what turned out as it must."""

    stage: Stage
    now: int
    held: list[str] = field(default_factory=list)

    @property
    def _source(self) -> tuple[str, str]:
        return "--profile", str(self.stage.sources[0].profile.directory)

    @property
    def _stranger(self) -> tuple[str, str]:
        return "--profile", str(self.stage.clients / "public")

    def _month(self, ahead: int) -> str:
        return month_text(month_of(self.now) + ahead)

    async def live(self) -> None:
        """Do everything; raise Unavailable where something is not even logged."""
        plain, gagged = self._records()
        first = await self._say("record", str(plain))
        prolonged = await self._say("record", str(gagged))
        await self._resolve(first)
        await self._open(first)
        await self._gag(prolonged, prolonged + 1, prolonged + 2)
        await self._erase(first + 1)

    def _records(self) -> tuple[Path, Path]:
        """Write two disclosures, and three under a gag order, to the folder for clear text."""
        line = json.loads((self.stage.clear / "sample.jsonl").read_text().splitlines()[0])
        record = {**line["record"], **OPENED, "nondisclosure_order": _ORDER}
        plain = {"record": {**record, "user_notice": "DELAYED"}, "keys": line["keys"]}
        gagged = [{**plain, "embargo": self._month(ahead)} for ahead in (2, 3, 1)]
        return self._write("plain.jsonl", [plain, plain]), self._write("gagged.jsonl", gagged)

    def _write(self, name: str, rows: Sequence[Mapping[str, Any]]) -> Path:
        path = self.stage.clear / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    async def _say(self, *words: str) -> int:
        """Have the source say something, and return the index of the first entry that it made."""
        code, rows = await processes.answer("ledger", *words, *self._source, "--json")
        if code != PROVEN or not rows:
            raise Unavailable(f"ledger {words[0]} was refused in the demo")
        return int(rows[0]["index"])

    def _hold(self, name: str, holds: bool) -> None:
        if holds:
            self.held.append(name)

    async def _resolve(self, index: int) -> None:
        """Say that data was handed over, correct the record, and have a stranger read both behind the entry."""
        await self._say("deliver", str(index))
        truth = json.loads((self.stage.clear / "plain.jsonl").read_text().splitlines()[0])
        truth["record"]["outcome"] = "PARTIAL"
        await self._say("correct", str(index), str(self._write("corrected.jsonl", [truth])))
        _, (found,) = await processes.answer("ledger", "history", str(index), *self._stranger, "--json")
        said = [row["body"] for row in found["entries"]]
        self._hold("delivered", "delivered by entry" in " ".join(found["state"]))
        self._hold("corrected", said == ["DISCLOSURE", "DELIVERY", "CORRECTION"])

    async def _open(self, index: int) -> None:
        """Open two fields of the entry in a file, and have a process that knows nothing but the key verify it."""
        file = self.stage.directory / "opened.fields"
        words = ("fields", str(index), "--open", ",".join(OPENED), "--out", str(file))
        made = await processes.run("ledger", *words, *self._source)
        trusted = ("--log", str(self.stage.ledger / "log.vkey"), "--policy", str(self.stage.policy), "--json")
        code, rows = await processes.answer("ledger", "verify", str(file), *trusted)
        self._hold("fields opened", made == code == PROVEN and rows[0]["fields"] == OPENED)

    async def _gag(self, prolonged: int, lifted: int, forgotten: int) -> None:
        """Prolong one embargo, lift another, forget the third, and have a stranger list what is due in two months."""
        order = self.stage.clear / "order.json"
        order.write_text(json.dumps({"nondisclosure_order": _ORDER}))
        until = ("--until", self._month(9), "--order", str(order))
        await self._say("embargo", "extend", str(prolonged), *until)
        await self._say("embargo", "lift", str(lifted))
        words = ("embargo", "list", "--all", "--at", self._month(2), *self._stranger, "--json")
        code, rows = await processes.answer("ledger", *words)
        states = {row["index"]: row for row in rows}
        self._hold("embargo extended", states[prolonged]["extensions"] == 1 and states[prolonged]["state"][:3] == "due")
        self._hold("embargo lifted", states[lifted]["state"].startswith("lifted by entry"))
        self._hold("embargo overdue", code == DISPROVEN and states[forgotten]["state"] == "OVERDUE")

    async def _erase(self, index: int) -> None:
        """Erase an entry for good: its receipt still verifies, and whoever opens it learns when and by which entry."""
        basis = ("--basis", "GDPR Art. 17(1)(d)", "--ledger", str(self.stage.ledger))
        erased = await processes.run("ledgerctl", "erase", str(index), *basis)
        receipt = self.stage.directory / "erased.tlog-proof"
        await processes.run("ledger", "receipt", str(index), "--out", str(receipt), *self._stranger)
        proven = await processes.run("ledger", "verify", str(receipt), "--log", str(self.stage.ledger / "log.vkey"))
        words = ("audit", "open", str(index), "--profile", str(self.stage.auditor), "--json")
        code, rows = await processes.answer("ledger", *words)
        told = bool(rows) and rows[0].get("erased") is not None and "record" not in rows[0]
        self._hold("erased", erased == proven == code == PROVEN and told)
