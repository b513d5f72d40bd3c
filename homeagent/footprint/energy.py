"""From CPU seconds to joules: by the processor's own counter where that can be read, else by a model of the machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from homeagent.domain.footprint import Estimate
from homeagent.footprint.machine_class import MachineKind, recognise
from homeagent.footprint.rapl import RaplReading, read_rapl, share_of, span


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What CPU time took [J], and whether a counter told it."""

    joules: Estimate
    measured: bool


class EnergyMeter:
    """Tells what the agent's own CPU time added to the machine's power. The rest of the machine is not its doing."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.kind: MachineKind = recognise(root)
        self._root = root
        self._last: RaplReading | None = read_rapl(root)
        self._idle_w: float | None = None

    @property
    def counted(self) -> bool:
        """Whether a counter can be read here."""
        return self._last is not None

    def modelled(self, cpu_s: float) -> Estimate:
        """Return what so much CPU time takes on such a machine [J]."""
        return self.kind.power.busy_core_w.times(cpu_s)

    def spent(self, cpu_s: float) -> Spent:
        """Return what the CPU time since the last call took."""
        used = None
        if self._last is not None:
            reading = read_rapl(self._root)
            used = None if reading is None else span(self._last, reading)
            self._last = reading
        if used is None:
            return Spent(joules=self.modelled(cpu_s), measured=False)
        self._idle_w = used.watts if self._idle_w is None else min(self._idle_w, used.watts)
        return Spent(joules=share_of(used, cpu_s, self._idle_w, self.kind.cores), measured=True)
