"""What the page may see of devices and of what people ask of them, JSON-ready."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.agent.device_reasoning import Reasoner
from homeagent.agent.people_book import PeopleBook, asked_json
from homeagent.agent.requesting import class_of
from homeagent.agent.thinking import Thought
from homeagent.domain.decision import DeviceDecision
from homeagent.domain.devices import DeviceClass, DeviceKnown, DeviceState
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.people import Asked, decision_id
from homeagent.domain.tasks import Choice, DevicePlan
from homeagent.planning.device_reasons import Stretch

SHOWN = timedelta(hours=24)
TOLD_FOR = timedelta(hours=1)
"""So long the reason of a decision is shown where no plan has anything of the device any more."""
LEVEL_UNITS: Mapping[DeviceClass, str] = {
    "car": "kWh needed",
    "heat": "degC",
    "tank": "degC",
    "appliance": "",
    "hours": "h owed",
}


class DeviceTeller:
    """Tells of one home's devices what the API gives."""

    def __init__(
        self, devices: Mapping[str, DeviceKnown], people: PeopleBook, reasoner: Reasoner, timezone: ZoneInfo
    ) -> None:
        self._devices, self._people, self._reasoner, self._timezone = devices, people, reasoner, timezone

    def told(
        self,
        now: datetime,
        thought: Thought | None,
        states: Mapping[str, DeviceState],
        decisions: Sequence[DeviceDecision],
        problems: Mapping[str, str],
        currency: str,
        notes: Mapping[str, str | None] | None = None,
    ) -> dict[str, object]:
        """Return each device: how it stands, what it does and why, its plan of the next day, what is asked of it.

        `notes` is what else is worth knowing of a device, in a sentence.
        """
        vacation = self._people.in_force(now).vacation
        grid = None if thought is None else thought.plan.grid
        return {
            "at": _stamp(now),
            "currency": currency,
            "grid": None if grid is None else _grid(grid),
            "vacation": None
            if vacation is None
            else {"since": _stamp(vacation.since), "until": _stamp(vacation.until)},
            "devices": [
                self._device(name, now, thought, states.get(name), decisions, problems.get(name))
                | {"note": (notes or {}).get(name)}
                for name in self._devices
            ],
        }

    def _device(
        self,
        name: str,
        now: datetime,
        thought: Thought | None,
        state: DeviceState | None,
        decisions: Sequence[DeviceDecision],
        problem: str | None,
    ) -> dict[str, object]:
        device = self._devices[name]
        asked = self._people.in_force(now).of(name)
        plan = None if thought is None else next((one for one in thought.plan.devices if one.name == name), None)
        decision = next((one for one in reversed(decisions) if one.device == name), None)
        choice = self._choice(name, now, thought, plan, decision)
        said = None if decision is None else decision_id(decision.at, name)
        return {
            "name": name,
            "kind": class_of(device),
            "state": None if state is None else _state(state),
            "problem": problem,
            "left_to_you": None,
            "why": _pause(asked, self._timezone) or (_unasked(problem) if choice is None else choice.text),
            "runner_up": None if choice is None or asked.paused else choice.runner_up,
            "runner_up_costs": None if choice is None or asked.paused else _number(choice.runner_up_costs),
            "decision": said,
            "thumb": None if said is None else self._people.thumb_on(said),
            "asked": asked_json(asked),
            "may": list(self._people.may(name)),
            "plan": None if plan is None else _plan(plan, LEVEL_UNITS[class_of(device)]),
            "stretches": [] if plan is None or thought is None else self._stretches(name, now, thought),
        }

    def _choice(
        self, name: str, now: datetime, thought: Thought | None, plan: DevicePlan | None, told: DeviceDecision | None
    ) -> Choice | None:
        """Return why it does what it does now: as it was decided, else as it is planned."""
        if told is not None and thought is not None and told.plan_digest == thought.plan.problem_digest:
            return told.choice
        if thought is None or plan is None or not thought.plan.grid.start <= now < thought.plan.grid.end:
            return told.choice if told is not None and now - told.at <= TOLD_FOR else None
        return self._reasoner(thought, name, thought.plan.grid.index_of(now))

    def _stretches(self, name: str, now: datetime, thought: Thought) -> list[dict[str, object]]:
        grid = thought.plan.grid
        if not grid.start <= now < grid.end:
            return []
        first = grid.index_of(now)
        end = min(first + int(SHOWN / grid.step), grid.count)
        return stretches_told(self._reasoner, thought, name, first, end)


def stretches_told(reasoner: Reasoner, thought: Thought, name: str, first: int, end: int) -> list[dict[str, object]]:
    """Return what a device does from slot `first` up to `end`, one row for each stretch, JSON-ready."""
    return [_stretch(one, thought.plan.grid) for one in reasoner.stretches(thought, name, first, end)]


def _unasked(problem: str | None) -> str | None:
    """Return what a device does of which nothing is planned; None where a problem says why."""
    return "rests: nothing is asked of it" if problem is None else None


def _pause(asked: Asked, timezone: ZoneInfo) -> str | None:
    if not asked.paused:
        return None
    if asked.paused_until is None:
        return "paused by you until you resume it"
    return f"paused by you until {asked.paused_until.astimezone(timezone):%a %H:%M}"


def _state(state: DeviceState) -> dict[str, object]:
    numbers = ("power_kw", "stored_kwh", "asked_kwh", "air_c", "target_c", "water_c")
    return {
        "at": _stamp(state.at),
        **{name: _number(getattr(state, name)) for name in numbers},
        **{name: getattr(state, name) for name in ("on", "plugged", "ready_to_run", "stale")},
        "leaves_at": None if state.leaves_at is None else _stamp(state.leaves_at),
        "ready_by": None if state.ready_by is None else _stamp(state.ready_by),
    }


def _plan(plan: DevicePlan, unit: str) -> dict[str, object]:
    return {
        "power_kw": _numbers(plan.power_kw.values),
        "level": _numbers(plan.level),
        "level_unit": unit,
        "follows_surplus": [bool(follows) for follows in plan.follows_surplus],
        "target_c": None if plan.target_c is None else _numbers(plan.target_c),
        "start": None if plan.start is None else _stamp(plan.start),
        "unmet": list(plan.unmet),
    }


def _stretch(stretch: Stretch, grid: TimeGrid) -> dict[str, object]:
    return {
        "from": _stamp(grid.at(stretch.first)),
        "until": _stamp(grid.at(stretch.end)),
        "power_kw": _number(stretch.power_kw),
        "why": stretch.choice.text,
        "runner_up": stretch.choice.runner_up,
        "runner_up_costs": _number(stretch.choice.runner_up_costs),
    }


def _grid(grid: TimeGrid) -> dict[str, object]:
    return {"start": _stamp(grid.start), "step_minutes": grid.step / timedelta(minutes=1), "count": grid.count}


def _numbers(values: FloatArray) -> list[float | None]:
    return [_number(value) for value in np.asarray(values).tolist()]


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 4)


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
