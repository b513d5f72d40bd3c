"""What the page may see of an agent beside a real Home Assistant: the link, the devices and the history too."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
        """Stop leaving a device alone; return whether it was left alone, None for an unknown device."""
        return self._resume(device)

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
