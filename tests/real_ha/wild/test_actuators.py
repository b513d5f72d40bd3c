"""Supervised tests of devices that are told through profiles: leases, ranges, reserves, actions, grid setpoints."""

from __future__ import annotations

import asyncio
from pathlib import Path

from real_ha.wild.lab import WildLab
from real_ha.wild.test_profiles import BATTERIES, LEASED, LOAD_KW, RESERVES, bound, configured

from homeagent.agent.live.actuator_bench import Pace
from homeagent.agent.live.actuator_test import run_test
from homeagent.domain.actuator import ActuatorReport

PACE = Pace(total_s=3000, first_s=12, rest_s=1, steady_s=3)
"""Seconds are short here, so a lease for the rest of a test must be long: nothing else is bound by the total. An effect
stays for longer than the level of a power looks back, else the power before would count too on a busy machine."""
NOT_HERE = ("generic_battery", "solaredge")
TOLD = {name: profile for name, profile in (BATTERIES | RESERVES).items() if name not in NOT_HERE}


def test_devices_of_profiles_are_tested(park: WildLab, tmp_path: Path) -> None:
    async def tried(name: str) -> ActuatorReport:
        (tmp_path / name).mkdir()
        config = configured(park, name, tmp_path / name, mode="advise", battery=bound(park, name, TOLD[name]))
        return await run_test(tmp_path / name / f"{name}.yaml", config, "battery", pace=PACE)

    async def all_of_them() -> dict[str, ActuatorReport]:
        return dict(zip(TOLD, await asyncio.gather(*map(tried, TOLD)), strict=True))

    for name in TOLD:
        park.set(name, load_kw=LOAD_KW)
    reports = asyncio.run(all_of_them())
    assert {name: report.tried for name, report in reports.items() if not report.works} == {}
    left = {name: report.not_restored for name, report in reports.items() if report.not_restored}
    assert left == {}
    for name in TOLD:
        verbs = {one.verb for one in reports[name].tried if one.verdict == "works"}
        wanted = {"reserve"} if name in RESERVES else {"charge", "hold", "discharge"}
        assert verbs - {"lease"} == wanted | {"self_consumption"}, name
        assert ("lease" in verbs) == (name in LEASED), name
    fast = next(one for one in reports["goodwe"].tried if one.verb == "charge")
    assert fast.asked_kw == -5.0
