"""Domain types as rows, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import numpy as np

from homeagent.domain.command import Command, CommandResult, Instruction, Suggest
from homeagent.domain.decision import Decision, DeviceDecision
from homeagent.domain.forecast import Forecast
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.learning import NightMark
from homeagent.domain.ledger import SavingsEntry, SettledSlot
from homeagent.domain.plan import Plan
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.readings import Reading
from homeagent.domain.thinking import Depth, ThinkRecord

Row = tuple[object, ...]
SETTLED_FIELDS = tuple(field.name for field in fields(SettledSlot) if field.name != "start")
_POLICY_FIELDS = tuple(field.name for field in fields(BatteryPolicy))


def epoch_s(at: datetime) -> int:
    """Return whole seconds since 1970."""
    return int(at.timestamp())


def instant(seconds: float) -> datetime:
    """Return the time, aware UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def reading_row(reading: Reading) -> Row:
    """Return a row of `readings`."""
    at_ms = round(reading.at.timestamp() * 1000)
    return (reading.entity, at_ms, reading.value, reading.reason, reading.over.total_seconds())


def reading_of(entity: str, at_s: float, value: float | None, reason: str | None, over_s: float) -> Reading:
    """Return a reading."""
    return Reading(entity=entity, at=instant(at_s), value=value, reason=reason, over=timedelta(seconds=over_s))


def price_rows(prices: PublishedPrices, seen_at: datetime) -> Iterator[Row]:
    """Return a row of `prices` for each slot that has both."""
    step_s, seen_s = int(prices.grid.step.total_seconds()), epoch_s(seen_at)
    start_s = epoch_s(prices.grid.start)
    market = np.full(prices.grid.count, np.nan) if prices.spot_per_kwh is None else prices.spot_per_kwh
    for index, (buy, sell, spot) in enumerate(
        zip(prices.import_per_kwh.tolist(), prices.export_per_kwh.tolist(), market.tolist(), strict=True)
    ):
        if not math.isnan(buy) and not math.isnan(sell):
            yield (start_s + index * step_s, step_s, buy, sell, None if math.isnan(spot) else spot, seen_s)


def published_of(rows: list[tuple[int, int, float, float]]) -> Iterator[PublishedPrices]:
    """Return rows (start_s, step_s, import, export), in order of time, as unbroken blocks."""
    first = 0
    for index in range(1, len(rows) + 1):
        whole = index < len(rows) and rows[index][0] == rows[index - 1][0] + rows[index - 1][1]
        if whole and rows[index][1] == rows[first][1]:
            continue
        block = rows[first:index]
        grid = TimeGrid(start=instant(block[0][0]), step=timedelta(seconds=block[0][1]), count=len(block))
        yield PublishedPrices(
            grid=grid,
            import_per_kwh=np.array([row[2] for row in block]),
            export_per_kwh=np.array([row[3] for row in block]),
        )
        first = index


def plan_row(plan: Plan) -> Row:
    """Return a row of `plans`: the levels and limits of each slot, and the course that was expected."""
    content = {
        "start": plan.grid.start.isoformat(),
        "step_minutes": plan.grid.step / timedelta(minutes=1),
        "valid_until": plan.valid_until.isoformat(),
        "problem": plan.problem_digest,
        "expected_cost": round(plan.expected_cost, 5),
        "unmet": plan.unmet,
        "why": plan.reason.text,
        "policies": _policies(plan.policies),
        "battery_kw": _numbers(plan.battery_kw.values),
        "grid_kw": _numbers(plan.grid_kw.values),
        "soc_kwh": _numbers(plan.soc_kwh.values),
        "devices_kw": {device.name: _numbers(device.power_kw.values) for device in plan.devices},
    }
    return (epoch_s(plan.issued_at), plan.outcome, json.dumps(content))


def forecast_row(quantity: str, forecast: Forecast) -> Row:
    """Return a row of `forecasts`."""
    content = {
        "start": forecast.grid.start.isoformat(),
        "step_minutes": forecast.grid.step / timedelta(minutes=1),
        "model": forecast.model_id,
        "mean_kw": _numbers(forecast.mean_kw),
        "low_kw": _numbers(forecast.low_kw),
        "high_kw": _numbers(forecast.high_kw),
    }
    return (epoch_s(forecast.issued_at), quantity, json.dumps(content))


def device_decision_row(decision: DeviceDecision) -> Row:
    """Return a row of `decisions` for a device beside the battery."""
    content = {
        "instruction": _instruction(decision.instruction),
        "why": decision.choice.text,
        "runner_up": decision.choice.runner_up,
        "runner_up_costs": decision.choice.runner_up_costs,
        "result": _result(decision.result),
        "plan": decision.plan_digest,
        "wake": decision.wake,
    }
    return (epoch_s(decision.at), decision.device, json.dumps(content))


def decision_row(decision: Decision) -> Row:
    """Return a row of `decisions`."""
    content = {
        "soc_kwh": round(decision.soc_kwh, 4),
        "policy": _policy(decision.policy),
        "instruction": _instruction(decision.instruction),
        "stance": decision.reason.stance,
        "why": decision.reason.text,
        "value_per_kwh": round(decision.reason.value_per_kwh, 6),
        "runner_up": decision.reason.runner_up,
        "runner_up_costs": decision.reason.runner_up_costs,
        "result": _result(decision.result),
        "plan": decision.plan_digest,
        "wake": decision.wake,
    }
    return (epoch_s(decision.at), decision.device, json.dumps(content))


def command_row(command: Command) -> Row:
    """Return a row of `commands`."""
    content = {
        "instruction": _instruction(command.instruction),
        "valid_until": command.valid_until.isoformat(),
        "why": command.reason,
    }
    return (epoch_s(command.issued_at), command.device, json.dumps(content))


def command_of(device: str, at_s: int, content: str) -> Command:
    """Return a command."""
    values = json.loads(content)
    return Command(
        device=device,
        instruction=_instruction_of(values["instruction"]),
        issued_at=instant(at_s),
        valid_until=datetime.fromisoformat(values["valid_until"]),
        reason=values["why"],
    )


def outcome_row(result: CommandResult, at: datetime) -> Row:
    """Return a row of `outcomes`."""
    content = {
        "reason": getattr(result, "reason", None),
        "proof": getattr(result, "proof", None),
        "attempts": getattr(result, "attempts", None),
    }
    command = result.command
    kind = type(result).__name__
    return (epoch_s(at), command.device, epoch_s(command.issued_at), kind, json.dumps(content))


def settled_row(slot: SettledSlot) -> Row:
    """Return a row of `settled_slots`."""
    return (
        epoch_s(slot.start),
        slot.hours,
        slot.load_kw,
        slot.pv_kw,
        slot.battery_kw,
        slot.grid_kw,
        slot.curtailed_kw,
        slot.soc_kwh,
        slot.import_price_per_kwh,
        slot.export_price_per_kwh,
        slot.carbon_g_per_kwh,
        slot.cost,
    )


def settled_of(row: tuple[Any, ...]) -> SettledSlot:
    """Return a settled slot; its cost follows from the rest."""
    start_s, *values, _ = row
    return SettledSlot(start=instant(start_s), **dict(zip(SETTLED_FIELDS, values, strict=True)))


def savings_of(row: tuple[Any, ...]) -> SavingsEntry:
    """Return a day's savings."""
    names = [field.name for field in fields(SavingsEntry)]
    return SavingsEntry(**dict(zip(names, row, strict=True)) | {"day": date.fromisoformat(row[0])})


def savings_row(entry: SavingsEntry) -> Row:
    """Return a row of `savings`."""
    values = asdict(entry) | {"day": entry.day.isoformat()}
    return tuple(values.values())


def night_mark_row(mark: NightMark) -> Row:
    """Return a row of `night_marks`."""
    values = asdict(mark) | {"day": mark.day.isoformat()}
    return tuple(values.values())


def night_mark_of(row: tuple[Any, ...]) -> NightMark:
    """Return a night's mark."""
    names = [field.name for field in fields(NightMark)]
    return NightMark(**dict(zip(names, row, strict=True)) | {"day": date.fromisoformat(row[0])})


def think_row(record: ThinkRecord) -> Row:
    """Return a row of `thinks`."""
    values = asdict(record) | {"at": record.at.timestamp(), "next_at": record.next_at.timestamp()}
    return tuple(values.values())


def think_of(
    at_s: float, wake: str, depth: Depth, cpu_seconds: float, worth: float | None, next_s: float
) -> ThinkRecord:
    """Return that the agent thought."""
    return ThinkRecord(
        at=instant(at_s), wake=wake, depth=depth, cpu_seconds=cpu_seconds, worth=worth, next_at=instant(next_s)
    )


def forecast_of(issued_at_s: int, content: str) -> Forecast:
    """Return a forecast of the agent's own."""
    told = json.loads(content)
    mean, low, high = (np.array(told[name]) for name in ("mean_kw", "low_kw", "high_kw"))
    step = timedelta(minutes=told["step_minutes"])
    grid = TimeGrid(start=datetime.fromisoformat(told["start"]), step=step, count=len(mean))
    issued_at = instant(issued_at_s)
    return Forecast(grid=grid, mean_kw=mean, low_kw=low, high_kw=high, issued_at=issued_at, model_id=told["model"])


def _policy(policy: BatteryPolicy) -> dict[str, float | None]:
    return {name: column[0] for name, column in _policies([policy]).items()}


def _policies(policies: Sequence[BatteryPolicy]) -> dict[str, list[float | None]]:
    """Return a list for each level and limit; what does not exist is null, since JSON has no infinity."""
    columns = {}
    for name in _POLICY_FIELDS:
        values = [getattr(policy, name) for policy in policies]
        columns[name] = [round(value, 4) if math.isfinite(value) else None for value in values]
    return columns


def _instruction(instruction: Instruction) -> dict[str, Any]:
    values = {name: _policy(value) if name == "policy" else value for name, value in _fields(instruction).items()}
    if isinstance(instruction, Suggest):
        values["start"] = instruction.start.isoformat()
    return {"kind": type(instruction).__name__, **values}


def _instruction_of(values: dict[str, Any]) -> Instruction:
    kinds = {kind.__name__: kind for kind in get_args(Instruction)}
    rest = {name: value for name, value in values.items() if name != "kind"}
    if "policy" in rest:
        levels = {name: math.inf if value is None else value for name, value in rest["policy"].items()}
        rest["policy"] = BatteryPolicy(**levels)
    if "start" in rest:
        rest["start"] = datetime.fromisoformat(rest["start"])
    instruction: Instruction = kinds[values["kind"]](**rest)
    return instruction


def _fields(instruction: Instruction) -> dict[str, Any]:
    return {field.name: getattr(instruction, field.name) for field in fields(instruction)}


def _result(result: CommandResult) -> dict[str, str | None]:
    return {"kind": type(result).__name__, "reason": getattr(result, "reason", None)}


def _numbers(values: FloatArray) -> list[float]:
    return np.round(values, 4).tolist()  # type: ignore[no-any-return]  # numpy's own stub says Any
