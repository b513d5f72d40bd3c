"""What was understood of a configuration, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from homeagent.config.device_words import said
from homeagent.config.load import Config, load_config
from homeagent.config.offload import offload_told
from homeagent.config.profile_costs import shipped_costs
from homeagent.config.profile_words import told_of
from homeagent.domain.command import AgentMode
from homeagent.domain.wiring import DeviceSpec, ForecastWiring

MODES: dict[AgentMode, str] = {
    "observe": "measures and settles, plans nothing",
    "advise": "plans and explains, commands nothing",
    "control": "plans, and commands the devices below",
}


def check_config(path: Path) -> list[str]:
    """Return what was understood of a configuration, a line a topic.

    Raises:
        InputError: with every problem of the file.
    """
    return list(_understood(load_config(path)))


def _zone(config: Config) -> str:
    adopted = config.wiring is not None and not config.zone_given
    return "Home Assistant's time zone" if adopted else config.site.timezone.key


def _currency(config: Config) -> str:
    adopted = config.wiring is not None and not config.currency_given
    return "Home Assistant's currency" if adopted else config.site.currency


def _understood(config: Config) -> Iterator[str]:
    site = config.site
    if config.wiring is not None:
        yield f"mode: {config.mode}, {MODES[config.mode]}"
    yield from _house(config)
    if site.prices.known == "always":
        yield "prices: a published tariff, known ahead"
    else:
        yield f"prices: tomorrow's are known from {site.prices.published_at:%H:%M}"
    if site.peak_charge is not None:
        way = "by tiers" if site.peak_charge.per_kw is None else f"{site.peak_charge.per_kw:g} per kW"
        yield f"peak charge: {way}, on the mean of the {site.peak_charge.days} largest daily peaks of a month"
    if site.goals.carbon_price_per_kg:
        yield f"goals: a kg of CO2 counts as {site.goals.carbon_price_per_kg:g} {site.currency}"
    if config.learning is None:
        yield "learning: off; the floor forecasts"
    else:
        every = config.learning.train_every or timedelta(0)
        yield f"learning: every night, anew every {every.days} days, with a {config.learning.budget} budget"
        yield from offload_told(config.learning.offload)
    if config.wiring is not None:
        yield from _forecasts(config.wiring.forecasts)
    yield from _devices(config)


def _house(config: Config) -> Iterator[str]:
    site, battery = config.site, config.site.battery
    yield f"home: {_zone(config)}, money in {_currency(config)}"
    if site.has_battery:
        yield (
            f"battery: {battery.capacity_kwh:g} kWh, of which {battery.min_soc_kwh:g} kWh stay; charges with "
            f"{battery.max_charge_kw:g} kW, discharges with {battery.max_discharge_kw:g} kW; "
            f"{battery.charge_efficiency * battery.discharge_efficiency:.0%} of a charged kWh comes back"
        )
        yield f"inverter: {config.inverter.control}, answers within {config.inverter.answer_seconds:g} s"
    else:
        yield "battery: none"
    limits = {"import": site.grid.max_import_kw, "export": site.grid.max_export_kw}
    yield "grid: " + ", ".join(
        f"{name} up to {limit:g} kW" if math.isfinite(limit) else f"{name} not limited"
        for name, limit in limits.items()
    )
    if math.isfinite(site.grid.max_phase_kw):
        phases = f"each of {site.grid.phases} phases" if site.grid.phases > 1 else "the phase"
        yield f"fuse: {phases} carries {site.grid.max_phase_kw:g} kW; above it devices are held back"


def _devices(config: Config) -> Iterator[str]:
    for name, bound in config.profiles.items():
        yield from (f"{name}: {line}" for line in told_of(bound, config.inverter, shipped_costs()))
    for known in config.known:
        yield f"{known.name}: {said(known, config.wishes[known.name])}"
    for device in () if config.wiring is None else config.wiring.devices:
        yield f"{device.name}: a {device.kind} that takes {', '.join(device.verbs)}, at most {_a_day(device)}"
        if device.kind == "switch" and device.proof.entity is None:
            yield (
                f"{device.name}: mind: nothing shows whether it runs, so no command can be proved and it is given up; "
                f"name its meter: appliances.{device.name}.power, or steering.proof.entity"
            )


def _forecasts(wiring: ForecastWiring) -> Iterator[str]:
    if wiring.dashboard:
        yield "solar forecast: what the Energy dashboard shows, its roofs added up"
    elif wiring.roofs:
        roofs = [f"{' + '.join(entities)}" for entities in wiring.roofs.values()]
        yield f"solar forecast: {len(roofs)} roof{'s, added up' if len(roofs) > 1 else ''}: {'; '.join(roofs)}"
    if wiring.weather is not None:
        yield f"weather forecast: {wiring.weather}, kept as issued"
    if wiring.carbon is not None:
        yield f"carbon: {wiring.carbon}"


def _a_day(device: DeviceSpec) -> str:
    return f"{device.writes_per_day} writes a day"
