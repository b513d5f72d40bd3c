"""What the agent knows of power in the hours to come, for work that may choose its hour."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from homeagent.agent.thinking import Memory, Thought, expected_carbon
from homeagent.domain.ledger import SettledSlot
from homeagent.domain.site import SiteSpec
from homeagent.learning.hours import PowerAhead

FRESH = timedelta(minutes=15)
"""A settled slot that ended no longer ago says whether there is PV to spare now."""


def power_ahead(
    now: datetime, thought: Thought | None, memory: Memory, site: SiteSpec, settled: SettledSlot | None
) -> PowerAhead | None:
    """Return what the plan in force expects, with what was measured just now; None where no plan holds."""
    if thought is None or thought.plan.policy_at(now) is None:
        return None
    grid = thought.plan.grid
    load, pv = thought.forecasts(grid)
    surplus_kw = pv.mean_kw - load.mean_kw
    measured_kw = _measured_surplus_kw(now, settled, memory.step)
    if measured_kw is not None:
        surplus_kw[grid.index_of(now)] = measured_kw
    carbon = expected_carbon(memory, grid, site)
    return PowerAhead(
        grid=grid,
        surplus_kw=surplus_kw,
        carbon_g_per_kwh=np.full(grid.count, np.nan) if carbon is None else carbon,
        import_per_kwh=thought.problem.prices.import_per_kwh,
    )


def _measured_surplus_kw(now: datetime, settled: SettledSlot | None, step: timedelta) -> float | None:
    if settled is None or not timedelta(0) <= now - (settled.start + step) <= FRESH:
        return None
    return settled.pv_kw - settled.load_kw
