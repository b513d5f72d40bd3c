"""A home that stands still with devices of each kind and plans made by hand: what the page and the API tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
from device_plans import BERLIN, GRID, HOUR, NOON_SUN_KW, PRICE, START, plans, tasks

from homeagent.agent.agent import Agent
from homeagent.agent.given import Setup
from homeagent.agent.thinking import Thought
from homeagent.agent.view import View
from homeagent.domain.command import Command, CommandResult, Confirmed, SetSwitch
from homeagent.domain.decision import DeviceDecision
from homeagent.domain.devices import DeviceState
from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import TimeGrid
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.plan import PlanningProblem
from homeagent.domain.prices import PriceCurve, PublishedPrices
from homeagent.domain.readings import Reading
from homeagent.domain.satisfaction import SatisfactionDay
from homeagent.domain.site import BatterySpec, SiteSpec
from homeagent.domain.tasks import ApplianceTask, CarTask, Choice, DeviceTask, HeatTask, HoursTask, TankTask
from homeagent.domain.wishes import ApplianceWish, CarWish, HeatWish, HoursWish, TankWish, Wish
from homeagent.planning.planner import solve
from homeagent.store import Store

NOW = START + timedelta(minutes=5)
DAY = timedelta(days=1)
WISHES: dict[type[DeviceTask], Wish] = {
    CarTask: CarWish(),
    HeatTask: HeatWish(),
    TankTask: TankWish(),
    ApplianceTask: ApplianceWish(),
    HoursTask: HoursWish(),
}


class StillHome:
    """Nothing is measured, nothing is published, and every command is confirmed; its clock stands."""

    def now(self) -> datetime:
        return NOW

    def readings(self) -> Sequence[Reading]:
        return ()

    async def send(self, command: Command) -> CommandResult:
        return Confirmed(command=command)

    def outcomes(self) -> Sequence[CommandResult]:
        return ()

    async def published(self) -> PublishedPrices | None:
        return None


def thought() -> Thought:
    """Return the plan of the home, the devices' courses made by hand."""
    site = SiteSpec(
        timezone=BERLIN, battery=BatterySpec(capacity_kwh=8.0, max_charge_kw=4.0, max_discharge_kw=4.0, min_soc_kwh=0.5)
    )
    load_kw = 0.4 + 0.5 * np.exp(-((HOUR - 19) ** 2) / 6)
    problem = PlanningProblem(
        site=site,
        grid=GRID,
        soc_kwh=3.0,
        prices=PriceCurve(
            grid=GRID,
            import_per_kwh=PRICE,
            export_per_kwh=np.full(GRID.count, 0.06),
            estimated=np.arange(GRID.count) >= 124,
            known_until=GRID.at(124),
        ),
        scenarios=Scenarios(
            grid=GRID,
            load_kw=np.stack([0.9 * load_kw, 1.1 * load_kw]),
            pv_kw=np.stack([0.8 * NOON_SUN_KW, NOON_SUN_KW]),
            weight=np.array([0.5, 0.5]),
            issued_at=START,
            model_id="made by hand",
        ),
        devices=tuple(tasks().values()),
    )
    solution = solve(problem)
    plan = replace(solution.plan, devices=tuple(plan for _, plan in plans().values()))
    return Thought(problem=problem, plan=plan, solution=solution)


def states() -> list[DeviceState]:
    """Return how the devices stand."""
    return [
        DeviceState(name="car", at=NOW, power_kw=0.0, plugged=True, stored_kwh=24.0, on=False),
        DeviceState(name="guest", at=NOW, power_kw=0.0, plugged=True, stored_kwh=30.0),
        DeviceState(name="van", at=NOW, power_kw=0.0, plugged=True),
        DeviceState(name="living", at=NOW, power_kw=0.0, air_c=20.6, target_c=19.5, on=False),
        DeviceState(name="office", at=NOW, stale="the sensor has not told anything for 40 minutes"),
        DeviceState(name="tank", at=NOW, power_kw=0.0, water_c=51.0),
        DeviceState(name="washer", at=NOW, power_kw=0.0, ready_to_run=True, ready_by=GRID.at(56)),
        DeviceState(name="dishwasher", at=NOW, ready_to_run=True),
        DeviceState(name="dryer", at=NOW, power_kw=2.2, on=True),
        DeviceState(name="pool", at=NOW, power_kw=0.0, on=False),
    ]


def still_view(store: Store) -> View:
    """Return the view of the home."""
    return View(still_agent(store))


def still_agent(store: Store) -> Agent:
    """Return the agent of the home: planned, one decision made, and a week of satisfaction behind it."""
    for back in range(1, 7):
        store.write_satisfaction(_past_day(START.astimezone(BERLIN).date() - back * DAY, back))
    home, thinks = StillHome(), thought()
    setup = Setup(
        site=thinks.problem.site,
        capability=InverterCapability(),
        mode="control",
        observation_step=timedelta(minutes=15),
        devices=tuple(task.spec for task in tasks().values()),
        wishes={name: WISHES[type(task)] for name, task in tasks().items()},
    )
    agent = Agent(setup, home, home, store, home)
    agent.thought = thinks
    before = 68
    agent.prices.add(
        PublishedPrices(
            grid=TimeGrid(start=START - before * GRID.step, step=GRID.step, count=before + 124),
            import_per_kwh=np.concatenate([PRICE[28 : 28 + before], PRICE[:124]]),
            export_per_kwh=np.full(before + 124, 0.06),
        )
    )
    assert agent.devices is not None
    for state in states():
        agent.devices.memory.see(state)
    agent.devices.decisions.append(_decision("dryer", thinks))
    agent.devices.add(_morning())
    for decision in _decided_before(thinks):
        store.write_device_decision(decision)
    agent.satisfaction.look(NOW, states())
    return agent


def _decision(device: str, thinks: Thought) -> DeviceDecision:
    choice = Choice(text="runs until 17:45 and is not interrupted")
    command = Command(
        device=device, instruction=SetSwitch(on=True), issued_at=START, valid_until=START + DAY, reason=choice.text
    )
    return DeviceDecision(
        at=START,
        device=device,
        instruction=command.instruction,
        choice=choice,
        result=Confirmed(command=command),
        plan_digest=thinks.plan.problem_digest,
        wake=None,
    )


def _morning() -> list[Reading]:
    """Return what devices did since midnight, before the plan: the heating and the tank, and a run of the pool."""
    step, readings = timedelta(minutes=15), []
    for slot in range(68):
        at, hour = START - 68 * step + (slot + 1) * step, slot / 4
        values = {
            "living.power_kw": 2.0 if hour < 4 or 11 <= hour < 14 else 0.0,
            "living.air_c": 19.0 + 1.8 * np.sin((hour - 8) / 12 * np.pi) ** 2,
            "tank.power_kw": 2.0 if 2 <= hour < 4 else 0.0,
            "tank.water_c": 45.0 + (10 if 4 <= hour < 7 else 3),
            "pool.power_kw": 1.1 if 11 <= hour < 14 else 0.0,
            "car.power_kw": 7.2 if 1 <= hour < 3 else 0.0,
        }
        readings += [Reading(entity=name, at=at, value=float(value), over=step) for name, value in values.items()]
    return readings


def _decided_before(thinks: Thought) -> list[DeviceDecision]:
    made = []
    for hour in range(17):
        at = START - timedelta(hours=17 - hour)
        heats = hour < 4 or 11 <= hour < 14
        text = (
            "heats at 2.0 kW: 0.10 now against 0.28 on average"
            if heats
            else f"rests: the house keeps {20 + hour / 50:.1f} degC"
        )
        choice = Choice(text=text, runner_up="rest now" if heats else "heat now", runner_up_costs=0.04)
        made.append(replace(_decision("living", thinks), at=at, choice=choice))
    return made


def _past_day(day: date, back: int) -> SatisfactionDay:
    return SatisfactionDay(
        day=day,
        home_awake_hours=9.0,
        cold_kh=0.4 * back,
        departures=1,
        missed_departures=int(back == 4),
        short_kwh=2.5 * (back == 4),
        runs=2,
        late_hours=0.5 * (back == 2),
        overrides=int(back == 3),
        comfort_known=1.0,
        cars_known=1.0,
        runs_known=1.0,
        water_known=0.9,
    )
