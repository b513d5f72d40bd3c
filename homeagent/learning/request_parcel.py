"""A training's request as numbers: of the home go the columns that features are made of, and nothing else.

Left out are readings as they came, entities, names, currency and place. Since features, and the judgement in money,
are made of them, there go: hourly or half-hourly means of load and PV with their time, the calendar with the sun's
height, the weather, the slots in which nobody was at home, the last weeks' prices, the battery's data sheet, the time
zone, and the students that serve.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.grid import TimeGrid
from homeagent.domain.site import BatterySpec, Goals, GridLimits, SiteSpec
from homeagent.forecasting.calendar import LocalCalendar
from homeagent.forecasting.features import Course
from homeagent.forecasting.issued_ahead import IssuedAhead
from homeagent.forecasting.learned import QUANTITIES, Calibration, Quantity
from homeagent.forecasting.student import Network
from homeagent.learning.model import Market, Student
from homeagent.learning.parcel import Array, ParcelError, packed, unpacked
from homeagent.learning.training import Request

COLUMNS = ("load_kw", "pv_kw", "temperature_c", "irradiance_w_m2")
CALENDAR = ("offset_s", "day_share", "weekday", "day_off", "year_share", "sun_height")
INTEGERS = ("offset_s", "weekday", "issued.since")


def request_parcel(request: Request) -> bytes:
    """Return the request as a parcel.

    Raises:
        ParcelError: it goes on from networks of before, whose memory does not travel.
    """
    if request.start:
        raise ParcelError("a training that goes on from another one is done here")
    course, champions = request.course, request.champions
    arrays: dict[str, Array] = {name: getattr(course, name) for name in COLUMNS}
    arrays |= {name: getattr(course.calendar, name) for name in CALENDAR}
    if course.nobody_home is not None:
        arrays["nobody_home"] = course.nobody_home
    if course.issued is not None:
        arrays |= {"issued.since": course.issued.since, "issued.values": course.issued.values}
    if request.market is not None:
        arrays |= {"import": request.market.import_per_kwh, "export": request.market.export_per_kwh}
    for quantity, student in champions.items():
        arrays |= _network_arrays(quantity, student.network) | {f"{quantity}.shift": student.calibration.shift}
    arrays |= {name: arrays[name].astype(np.int64) for name in INTEGERS if name in arrays}
    head = {
        "start": course.past.start.isoformat(),
        "step_s": course.past.step.total_seconds(),
        "ahead": request.ahead,
        "made_at": request.made_at.isoformat(),
        "budget": request.budget,
        "kind": request.kind,
        "with_teacher": request.with_teacher,
        "search": request.search,
        "compress": request.compress,
        "seed": request.seed,
        "market": None if request.market is None else _site_head(request.market.site),
        "champions": {name: {"trust": student.trust, "kind": student.kind} for name, student in champions.items()},
    }
    return packed(head, arrays)


def _site_head(site: SiteSpec) -> dict[str, Any]:
    return {
        "timezone": site.timezone.key,
        "battery": asdict(site.battery),
        "grid": asdict(site.grid),
        "pv_curtailable": site.pv_curtailable,
        "carbon_price_per_kg": site.goals.carbon_price_per_kg,
    }


def _network_arrays(quantity: Quantity, network: Network) -> dict[str, Array]:
    arrays: dict[str, Array] = {f"{quantity}.mean": network.mean, f"{quantity}.deviation": network.deviation}
    for number, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        arrays |= {f"{quantity}.w{number}": weight, f"{quantity}.b{number}": bias}
    return arrays


def request_of(parcel: bytes) -> Request:
    """Return the request of a parcel.

    Raises:
        ParcelError: it is damaged, or is no request.
    """
    head, arrays = unpacked(parcel)
    try:
        arrays |= {name: arrays[name].astype(np.intp) for name in INTEGERS if name in arrays}
        return Request(
            course=_course(head, arrays),
            ahead=head["ahead"],
            made_at=datetime.fromisoformat(head["made_at"]),
            budget=head["budget"],
            kind=head["kind"],
            champions={
                quantity: _student(quantity, head["champions"][quantity], arrays)
                for quantity in QUANTITIES
                if quantity in head["champions"]
            },
            market=None if head["market"] is None else _market(head["market"], arrays),
            with_teacher=head["with_teacher"],
            search=head["search"],
            compress=head["compress"],
            seed=head["seed"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ParcelError(f"it is no request for a training ({error})") from error


def _course(head: Mapping[str, Any], arrays: Mapping[str, Array]) -> Course:
    start, step = datetime.fromisoformat(head["start"]), timedelta(seconds=head["step_s"])
    issued = None
    if "issued.since" in arrays:
        issued = IssuedAhead(since=arrays["issued.since"], values=arrays["issued.values"])
    return Course(
        past=TimeGrid(start=start, step=step, count=len(arrays["load_kw"])),
        **{name: arrays[name] for name in COLUMNS},
        calendar=LocalCalendar(
            grid=TimeGrid(start=start, step=step, count=len(arrays["offset_s"])),
            **{name: arrays[name] for name in CALENDAR},
        ),
        issued=issued,
        nobody_home=arrays.get("nobody_home"),
    )


def _market(told: Mapping[str, Any], arrays: Mapping[str, Array]) -> Market:
    site = SiteSpec(
        timezone=ZoneInfo(told["timezone"]),
        battery=BatterySpec(**told["battery"]),
        grid=GridLimits(**told["grid"]),
        pv_curtailable=told["pv_curtailable"],
        goals=Goals(carbon_price_per_kg=told["carbon_price_per_kg"]),
    )
    return Market(site=site, import_per_kwh=arrays["import"], export_per_kwh=arrays["export"])


def _student(quantity: Quantity, told: Mapping[str, Any], arrays: Mapping[str, Array]) -> Student:
    layers = range(sum(name.startswith(f"{quantity}.w") for name in arrays))
    network = Network(
        weights=[arrays[f"{quantity}.w{layer}"] for layer in layers],
        biases=[arrays[f"{quantity}.b{layer}"] for layer in layers],
        mean=arrays[f"{quantity}.mean"],
        deviation=arrays[f"{quantity}.deviation"],
    )
    shift = Calibration(shift=arrays[f"{quantity}.shift"])
    return Student(network=network, trust=told["trust"], calibration=shift, kind=told["kind"], marks=None)
