"""What the page may see of an agent beside a real Home Assistant: the link, the devices and the history too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from homeagent.agent.agent import Agent
from homeagent.agent.live.backfill import Backfill
from homeagent.agent.live.home import LiveHome
from homeagent.agent.view import View, stamp


class LiveView(View):
    """The view of a running agent."""

    def __init__(
        self,
        agent: Agent,
        home: LiveHome,
        backfill: Backfill,
        resume: Callable[[str], bool | None],
        acted: Callable[[str], None],
    ) -> None:
        super().__init__(agent)
        self._home = home
        self._backfill = backfill
        self._resume = resume
        self._acted = acted

    def state(self) -> Mapping[str, object]:
        """Return the present state, with the flows as they are this moment."""
        board = self._home.board
        present = {name: board.present_kw(name) for name in ("load_kw", "pv_kw", "grid_kw", "battery_kw")}
        return {**super().state(), **{name: None if kw is None else round(kw, 3) for name, kw in present.items()}}

    def health(self) -> Mapping[str, object]:
        """Return whether all is well, each degraded step by name, and how link, devices and history stand."""
        status, progress = self._home.link.status, self._backfill.progress
        degraded = [*self.degraded(), *self._home.problems()]
        return {
            "ok": not degraded,
            "degraded": degraded,
            "link": {
                "up": status.up,
                "problem": status.problem,
                "home_assistant": status.version,
                "connects": status.connects,
            },
            "devices": [
                {
                    "name": driver.spec.name,
                    "standing": driver.standing,
                    "why": driver.why,
                    "until": None if driver.until is None else stamp(driver.until),
                    "writes_left_today": driver.budget.left(self._agent.clock.now()),
                }
                for driver in self._home.drivers.values()
            ],
            "history_share": round(progress.share(), 3),
            "machine": self._agent.host.told(),
        }

    def resume(self, device: str) -> bool | None:
        """Stop leaving a device alone, and take back what was asked of it; None for an unknown device."""
        taken_back, resumed = super().resume(device), self._resume(device)
        if taken_back and not resumed:
            self._acted(f"a person resumed {device}")
        known = [one for one in (taken_back, resumed) if one is not None]
        return any(known) if known else None

    def devices(self) -> Mapping[str, object]:
        """Return each device, and whether it is left to a person who set it."""
        told = super().devices()
        left = {name: driver for name, driver in self._home.drivers.items() if driver.standing == "yielded"}
        rows = cast("list[dict[str, object]]", told["devices"])
        for row in rows:
            driver = left.get(str(row["name"]))
            if driver is not None:
                until = None if driver.until is None else stamp(driver.until)
                row["left_to_you"] = {"why": driver.why, "until": until}
        return told

    def ask(self, device: str, kind: str, body: object) -> Mapping[str, object] | None:
        """Ask something of a device, and think about it at once."""
        answer = super().ask(device, kind, body)
        if answer is not None:
            self._acted(f"a person asked something of {device}")
        return answer

    def go_away(self, body: object) -> Mapping[str, object]:
        """Take a vacation, and think about it at once."""
        answer = super().go_away(body)
        self._acted("a person goes away")
        return answer

    def come_back(self) -> bool:
        """Take a vacation back, and think about it at once."""
        back = super().come_back()
        if back:
            self._acted("a person comes back")
        return back

    def announce(self, body: object) -> Mapping[str, object]:
        """Expect a load, and think about it at once; raises InputError."""
        answer = super().announce(body)
        self._acted("a person announced a load")
        return answer

    def cancel_load(self, name: str) -> bool:
        """Expect a load no longer, and think about it at once; return whether it was expected."""
        cancelled = super().cancel_load(name)
        if cancelled:
            self._acted("a person cancelled a load")
        return cancelled

    def footprint(self) -> Mapping[str, object]:
        """Return what the agent has used, and what its loop was woken by."""
        alarm = self._home.alarm
        waited_s = round(alarm.person_waited_s, 3)
        return {**super().footprint(), "wakes": dict(alarm.wakes), "longest_a_person_waited_s": waited_s}
