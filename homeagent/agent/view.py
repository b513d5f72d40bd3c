"""What the page and the API may see of a running agent: JSON-ready, units in the names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import numpy as np

from homeagent.agent.agent import Agent
from homeagent.agent.announcing import load_from, load_json
from homeagent.agent.anomaly_view import anomalies_told
from homeagent.agent.day_ahead import DayAhead
from homeagent.agent.day_picture import told_day
from homeagent.agent.device_reasoning import Reasoner
from homeagent.agent.device_view import DeviceTeller
from homeagent.agent.devices.confidence import ConfidenceTeller
from homeagent.agent.footprint_told import footprint_told, sums_of_own
from homeagent.agent.habit_book import HabitBook
from homeagent.agent.model_view import Beside, models_told
from homeagent.agent.requesting import kind_named
from homeagent.domain.decision import Decision
from homeagent.domain.devices import CarSpec
from homeagent.domain.forecast import Forecast
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.ledger import SavingsEntry
from homeagent.domain.people import decision_id
from homeagent.domain.wishes import CarWish

SAVINGS_METHOD = (
    "modelled: the same load, PV and prices, without a battery and with the inverter's own rule; "
    "less what the agent's own computing cost"
)


class View:
    """Answers from the agent as it stands. Implements `domain.ports.AgentView`."""

    def __init__(self, agent: Agent, notice: str | None = None, beside: Beside | None = None) -> None:
        self._agent = agent
        self._notice = notice
        self._beside = beside
        self._ahead = DayAhead(agent)
        timezone, devices = agent.site.timezone, agent.devices
        reasoner = Reasoner(timezone) if devices is None else devices.reasons
        self._teller = DeviceTeller({} if devices is None else devices.known, agent.people, reasoner, timezone)
        self._confidence = ConfidenceTeller(agent.site, agent.prices)
        self._habits = HabitBook(agent.site, agent.observer.memory.history, agent.expectations.away, agent.prices)

    def state(self) -> Mapping[str, object]:
        """Return the present flows, state of charge, prices and mode."""
        agent, slot = self._agent, self._agent.last_slot
        battery = agent.site.battery
        price = agent.prices.at(agent.clock.now())
        return {
            "at": stamp(agent.clock.now()),
            "timezone": agent.site.timezone.key,
            "currency": agent.site.currency,
            "mode": agent.setup.mode,
            "notice": self._notice,
            "soc_kwh": agent.last_soc_kwh,
            "capacity_kwh": battery.capacity_kwh,
            "load_kw": None if slot is None else slot.load_kw,
            "pv_kw": None if slot is None else slot.pv_kw,
            "grid_kw": None if slot is None else slot.grid_kw,
            "battery_kw": None if slot is None else slot.battery_kw,
            "import_price_per_kwh": None if price is None else price[0],
            "export_price_per_kwh": None if price is None else price[1],
            "stance": agent.decisions[-1].reason.stance if agent.decisions else None,
            "why": agent.decisions[-1].reason.text if agent.decisions else None,
        }

    def plan(self) -> Mapping[str, object]:
        """Return the plan in force, with prices and what it expects."""
        thought = self._agent.thought
        if thought is None:
            return {"outcome": None}
        plan, prices = thought.plan, thought.problem.prices
        return {
            **_grid(plan.grid),
            "outcome": plan.outcome,
            "issued_at": stamp(plan.issued_at),
            "valid_until": stamp(plan.valid_until),
            "unmet": list(plan.unmet),
            "expected_cost": _number(plan.expected_cost),
            "import_price_per_kwh": _numbers(prices.import_per_kwh),
            "export_price_per_kwh": _numbers(prices.export_per_kwh),
            "price_estimated": prices.estimated.tolist(),
            "import_price_low_per_kwh": _numbers(_else(prices.import_low_per_kwh, prices.import_per_kwh)),
            "import_price_high_per_kwh": _numbers(_else(prices.import_high_per_kwh, prices.import_per_kwh)),
            "price_estimated_from_days": prices.estimated_from_days,
            "battery_kw": _numbers(plan.battery_kw.values),
            "grid_kw": _numbers(plan.grid_kw.values),
            "soc_kwh": _numbers(plan.soc_kwh.values),
            "soc_low_kwh": _numbers(plan.soc_low_kwh.values),
            "soc_high_kwh": _numbers(plan.soc_high_kwh.values),
            "policies": [{name: _number(value) for name, value in asdict(policy).items()} for policy in plan.policies],
        }

    def forecast(self) -> Mapping[str, object]:
        """Return load and PV as they are expected, in slots of the plan."""
        thought = self._agent.thought
        if thought is None:
            return {"model": None}
        load, pv = thought.forecasts(thought.plan.grid)
        providers = self._agent.observer.memory.issued.verdicts.values()
        return {
            **_grid(load.grid),
            "model": load.model_id,
            "load": _band(load),
            "pv": _band(pv),
            "pv_providers": [{"name": one.provider, "used": one.used, "why": one.why} for one in providers],
            "days": self._ahead.told(),
        }

    def decisions(self, limit: int) -> Sequence[Mapping[str, object]]:
        """Return the newest decisions, newest first."""
        newest = list(self._agent.decisions)[-limit:]
        return [self._decision(decision) for decision in reversed(newest)]

    def _decision(self, decision: Decision) -> dict[str, object]:
        said = decision_id(decision.at, decision.device)
        return {"id": said, **_decision(decision), "thumb": self._agent.people.thumb_on(said)}

    def thinks(self, day: date | None) -> Mapping[str, object]:
        """Return one local day's looks, thinks and sleep, None for the newest, with what they were about."""
        return told_day(self._agent, day)

    def savings(self) -> Mapping[str, object]:
        """Return each day's savings, the open day last, and their sums. Modelled, and it says so."""
        book = self._agent.day_book
        today = None if book is None else book.today()
        entries = ([] if book is None else list(book.entries)) + ([] if today is None else [today])
        sums = ("cost", "cost_without_battery", "cost_rule", "saved_against_none", "saved_against_rule", "stored_value")
        total = {name: round(sum(getattr(entry, name) for entry in entries), 4) for name in sums}
        return {
            "currency": self._agent.site.currency,
            "method": SAVINGS_METHOD,
            "days": [_entry(entry) for entry in entries],
            "total": total | sums_of_own(entries),
        }

    def footprint(self) -> Mapping[str, object]:
        """Return what the agent itself used since its start, by day, and what that is of what it saved."""
        agent = self._agent
        used, book, today = agent.footprint(), agent.footprints, agent.day_book and agent.day_book.today()
        entries = [*(() if agent.day_book is None else agent.day_book.entries), *(() if today is None else (today,))]
        return {
            "since": stamp(book.began),
            "currency": agent.site.currency,
            "thinks": used.thinks,
            "looks": used.looks,
            "cpu_seconds": {name: round(seconds, 3) for name, seconds in used.cpu_seconds.items()},
            "peak_memory_mb": round(used.peak_memory_mb, 1),
            **footprint_told(book.energy, sorted(book.days.values(), key=lambda day: day.day), entries),
        }

    def models(self) -> Mapping[str, object]:
        """Return which model serves, how well of late, and why it and no other."""
        return models_told(self._agent, self._beside)

    def habits(self) -> Mapping[str, object]:
        """Return the home's habits, read once a day."""
        return self._habits.told(self._agent.clock.now())

    def devices(self) -> Mapping[str, object]:
        """Return each device beside the battery: how it stands, what it does and why, what is asked of it."""
        agent, book, now = self._agent, self._agent.devices, self._agent.clock.now()
        if book is None:
            return self._teller.told(now, agent.thought, {}, (), {}, agent.site.currency)
        states = {name: state for name in book.known if (state := book.memory.last(name)) is not None}
        notes = {
            name: self._confidence.told(car, wish, book.asking.learned.sessions.of(name), now)
            for name, car in book.known.items()
            if isinstance(car, CarSpec) and isinstance(wish := agent.setup.wishes[name], CarWish)
        }
        problems, currency = book.asking.problems, agent.site.currency
        return self._teller.told(now, agent.thought, states, book.decisions, problems, currency, notes)

    def ask(self, device: str, kind: str, body: object) -> Mapping[str, object] | None:
        """Ask something of a device, and answer as `devices`; None if there is no such device. Raises InputError."""
        named = kind_named(kind)
        if named is None or not self._agent.people.ask(named, device, body, self._agent.clock.now()):
            return None
        return self.devices()

    def go_away(self, body: object) -> Mapping[str, object]:
        """Take a vacation of the whole home, and answer as `devices`; raises InputError."""
        self._agent.people.go_away(body, self._agent.clock.now())
        return self.devices()

    def come_back(self) -> bool:
        """Take a vacation back; return whether there was one."""
        return self._agent.people.come_back()

    def thumb(self, decision: str, body: object) -> bool:
        """Take what somebody says of a decision; return whether there is such a decision. Raises InputError."""
        agent = self._agent
        beside = () if agent.devices is None else agent.devices.decisions
        known = {decision_id(one.at, one.device) for one in (*agent.decisions, *beside)}
        if decision not in known:
            return False
        agent.satisfaction.thumb(agent.people.thumb(decision, body, agent.clock.now()))
        return True

    def satisfaction(self) -> Mapping[str, object]:
        """Return how content people can have been with each day, and what was taken off for what."""
        return self._agent.satisfaction.told()

    def announced_loads(self) -> Mapping[str, object]:
        """Return the announced loads to come, and in sentences what is expected beside habits."""
        now, expectations = self._agent.clock.now(), self._agent.expectations
        return {
            "loads": [load_json(load) for load in expectations.ahead(now)],
            "expected": expectations.told(now),
        }

    def announce(self, body: object) -> Mapping[str, object]:
        """Expect a load that a request tells, and answer as `announced_loads`; raises InputError."""
        self._agent.announce(load_from(body, self._agent.site.timezone))
        return self.announced_loads()

    def cancel_load(self, name: str) -> bool:
        """Expect a load no longer; return whether it was expected."""
        return self._agent.cancel_load(name)

    def anomalies(self) -> Mapping[str, object]:
        """Return what is odd in the home, in sentences: open, dismissed, past."""
        book = self._agent.anomalies
        if book is None:
            return anomalies_told([], self._agent.site.currency)
        return anomalies_told(book.anomalies, self._agent.site.currency, book.trouble)

    def dismiss(self, number: int) -> bool:
        """Leave an open anomaly alone from now on; return whether there is one of this number."""
        return self._agent.anomalies is not None and self._agent.anomalies.dismiss(number)

    def health(self) -> Mapping[str, object]:
        """Return whether all is well, and each degraded step by name."""
        degraded = self.degraded()
        return {
            "ok": not degraded,
            "degraded": degraded,
            "link": None,
            "devices": [],
            "history_share": None,
            "machine": self._agent.host.told(),
        }

    def resume(self, device: str) -> bool | None:
        """Take back what is asked of a device; return whether anything was, None if there is no such device."""
        return self._agent.people.resume(device)

    def degraded(self) -> list[str]:
        """Return each degraded step of observing and planning by name."""
        degraded = []
        if self._agent.learner is not None and self._agent.learner.trouble is not None:
            degraded.append(self._agent.learner.trouble)
        if self._agent.last_soc_kwh is None:
            degraded.append("the state of charge is not known or too old: nothing is planned")
        thought = self._agent.thought
        if thought is not None and thought.plan.outcome == "fallback":
            degraded += [f"no plan, the rule is used: {what}" for what in thought.plan.unmet]
        if thought is not None and self._agent.prices.at(self._agent.clock.now()) is None:
            degraded.append("no price is known for the present hour")
        degraded += self._agent.observer.memory.issued.problems(self._agent.clock.now())
        if self._agent.devices is not None:
            degraded += self._agent.devices.asking.problems.values()
        return degraded

    async def changed(self) -> None:
        """Wait until the agent has done its next round."""
        await self._agent.changed()


def stamp(at: datetime) -> str:
    """Return a time as the API writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _grid(grid: TimeGrid) -> dict[str, Any]:
    return {"start": stamp(grid.start), "step_minutes": grid.step.total_seconds() / 60, "count": grid.count}


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 5)


def _else(values: FloatArray | None, otherwise: FloatArray) -> FloatArray:
    return otherwise if values is None else values


def _numbers(values: FloatArray) -> list[float]:
    return np.round(values, 4).tolist()  # type: ignore[no-any-return]  # numpy's own stub says Any


def _band(forecast: Forecast) -> dict[str, list[float]]:
    return {name: _numbers(getattr(forecast, name)) for name in ("mean_kw", "low_kw", "high_kw")}


def _entry(entry: SavingsEntry) -> dict[str, object]:
    return {
        name: value.isoformat()
        if name == "day"
        else None
        if value is None
        else round(value, 12 if name.startswith("own") else 4)
        for name, value in asdict(entry).items()
    }


def _decision(decision: Decision) -> dict[str, object]:
    return {
        "at": stamp(decision.at),
        "device": decision.device,
        "soc_kwh": _number(decision.soc_kwh),
        "stance": decision.reason.stance,
        "why": decision.reason.text,
        "value_per_kwh": _number(decision.reason.value_per_kwh),
        "runner_up": decision.reason.runner_up,
        "runner_up_costs": _number(decision.reason.runner_up_costs),
        "wake": decision.wake,
        "result": type(decision.result).__name__,
        "result_reason": getattr(decision.result, "reason", None),
    }
