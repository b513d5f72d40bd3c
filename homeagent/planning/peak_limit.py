"""How much import a month with a peak charge should allow: a limit, and what a kWh above it is worth avoiding.

The month's peak so far is part of the state, but too much for a table. So each limit worth trying is played through:
the value of stored energy under that limit, its policies driven over the recent days in one unbroken course, and the
daily peaks that come out drawn at random for the days that are left (Efron's bootstrap). Energy and expected charge
together choose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from homeagent.devices.battery import respond
from homeagent.domain.grid import FloatArray
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec, GridLimits, PeakChargeSpec
from homeagent.planning.net_load import distribution, tail_shares
from homeagent.planning.stored_energy import NetLoad, SlotPrices, StoredEnergyValue, value_of_stored_energy

EVEN_LIMITS = 9
"""Limits tried between what the home uses on average and its largest peaks, beside the edges of tiers."""
DRAWS = 200
STATES, POINTS = 31, 8
"""Coarser than the plan itself: only the comparison of limits matters here."""
LEAST_EXCESS_PER_KWH = 0.05
INSIDE_KW = 1e-3
"""How far below a tier's edge its limit stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSoFar:
    """Daily peaks [kW] of the month's finished days, and the days left, today included."""

    peaks_kw: tuple[float, ...]
    days_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChoice:
    """The import limit of the days to come, what a kWh above it costs beside its price, and what the month may cost."""

    limit_kw: float
    excess_per_kwh: float
    expected_cost: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecentDays:
    """Net load of recent days and the prices to try them at, by hour from the present time of day on.

    `net_kw` has shape (days, hours of a day), oldest day first, NaN where not measured; prices have shape (hours,).
    """

    net_kw: FloatArray
    import_per_kwh: FloatArray
    export_per_kwh: FloatArray


def choose_limit(
    charge: PeakChargeSpec,
    recent: RecentDays,
    month: MonthSoFar,
    spec: BatterySpec,
    limits: GridLimits,
    *,
    pv_curtailable: bool,
) -> LimitChoice | None:
    """Return the limit with the least expected cost of energy and charge over the rest of the month.

    None while no day has been seen: nothing is known of the home's peaks then.
    """
    net_kw = recent.net_kw[~np.isnan(recent.net_kw).all(axis=1)]
    if not len(net_kw):
        return None
    largest = np.nanmax(net_kw, axis=1)
    unshaved_kw = float(np.sort(largest)[::-1][: charge.days].mean())
    tried = limits_to_try(charge, month.peaks_kw, net_kw, unshaved_kw)
    excess = excess_prices(charge, tried, unshaved_kw)
    nets = _by_hour(net_kw)
    tables = [
        _typical_day(recent, nets, float(limit), float(price), spec, limits, pv_curtailable=pv_curtailable)
        for limit, price in zip(tried, excess, strict=True)
    ]
    peaks_kw, cost_per_day = play_through(net_kw, recent, tables, tried, spec)
    cost = month.days_left * cost_per_day + expected_charge(charge, month, peaks_kw)
    best = int(np.argmin(cost))
    return LimitChoice(limit_kw=float(tried[best]), excess_per_kwh=float(excess[best]), expected_cost=float(cost[best]))


def limits_to_try(
    charge: PeakChargeSpec, peaks_kw: tuple[float, ...], net_kw: FloatArray, unshaved_kw: float
) -> FloatArray:
    """Return an even range of limits, and those which, reached on all days to come, land just inside a tier."""
    low = max(0.8 * float(np.nanmean(np.maximum(net_kw, 0.0))), 0.2)
    high = max(1.2 * unshaved_kw, low + 1.0)
    tried = list(np.linspace(low, high, EVEN_LIMITS))
    known = np.sort(np.array(peaks_kw))[::-1][: charge.days]
    for edge, _ in charge.tiers:
        for stay in range(min(charge.days, len(known) + 1)):  # so many of the known peaks stay among the largest
            limit = (edge * charge.days - known[:stay].sum()) / (charge.days - stay)
            above = stay == 0 or known[stay - 1] >= limit
            below = stay >= len(known) or known[stay] <= limit
            if low <= limit <= high and above and below:
                tried.append(limit - INSIDE_KW)
    return np.unique(np.round(tried, 3))


def excess_prices(charge: PeakChargeSpec, tried: FloatArray, unshaved_kw: float) -> FloatArray:
    """Return what a kWh above each limit is worth avoiding: the charge's slope from there to the home's own peaks."""
    to = np.maximum(tried + 0.5, unshaved_kw)
    rise = np.array([charge.cost(b) - charge.cost(a) for a, b in zip(tried, to, strict=True)])
    return np.maximum(rise / (to - tried), LEAST_EXCESS_PER_KWH)


def _by_hour(net_kw: FloatArray) -> tuple[NetLoad, ...]:
    """Return the distribution of each hour's net load over the days; an hour never seen gets that of all hours."""
    shares = tail_shares(POINTS, len(net_kw))
    weight = np.diff(shares)
    nets = []
    for hour in range(net_kw.shape[1]):
        seen = net_kw[:, hour][~np.isnan(net_kw[:, hour])]
        if not len(seen):
            seen = net_kw[~np.isnan(net_kw)]
        row = distribution(seen[None, :], np.full(len(seen), 1 / len(seen)), shares)[0]
        nets.append(NetLoad(load_kw=np.maximum(row, 0.0), pv_kw=np.maximum(-row, 0.0), weight=weight))
    return tuple(nets)


def _typical_day(
    recent: RecentDays,
    nets: tuple[NetLoad, ...],
    limit_kw: float,
    excess: float,
    spec: BatterySpec,
    limits: GridLimits,
    *,
    pv_curtailable: bool,
) -> StoredEnergyValue:
    """Return the value of stored energy over two typical days under a limit: the first one's end knows the second."""
    prices = tuple(
        SlotPrices(
            import_per_kwh=float(buy), export_per_kwh=float(sell), import_limit_kw=limit_kw, excess_per_kwh=excess
        )
        for buy, sell in zip(recent.import_per_kwh, recent.export_per_kwh, strict=True)
    )
    terminal = max(float(recent.import_per_kwh.mean()), 0.0) * spec.discharge_efficiency
    return value_of_stored_energy(
        prices * 2,
        nets * 2,
        spec,
        limits,
        hours=24 / len(nets),
        states=STATES,
        terminal_per_kwh=terminal,
        pv_curtailable=pv_curtailable,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _ManyPolicies:
    """One slot's policies under every limit tried: the fields of `BatteryPolicy` as arrays of shape (limits,)."""

    charge_to_kwh: FloatArray
    store_to_kwh: FloatArray
    discharge_to_kwh: FloatArray
    export_to_kwh: FloatArray
    import_limit_kw: FloatArray
    shave_to_kwh: FloatArray
    export_limit_kw: FloatArray
    pv_limit_kw: FloatArray

    @classmethod
    def of(cls, policies: list[BatteryPolicy], import_limit_kw: FloatArray) -> _ManyPolicies:
        """Return `policies` side by side, under limits of their own."""

        def side_by_side(name: str) -> FloatArray:
            return np.array([getattr(policy, name) for policy in policies])

        return cls(
            charge_to_kwh=side_by_side("charge_to_kwh"),
            store_to_kwh=side_by_side("store_to_kwh"),
            discharge_to_kwh=side_by_side("discharge_to_kwh"),
            export_to_kwh=side_by_side("export_to_kwh"),
            import_limit_kw=import_limit_kw,
            shave_to_kwh=side_by_side("shave_to_kwh"),
            export_limit_kw=side_by_side("export_limit_kw"),
            pv_limit_kw=side_by_side("pv_limit_kw"),
        )


def play_through(
    net_kw: FloatArray, recent: RecentDays, tables: list[StoredEnergyValue], tried: FloatArray, spec: BatterySpec
) -> tuple[FloatArray, FloatArray]:
    """Drive each limit's policies over the recent days, one unbroken course.

    Returns daily peaks, shape (limits, days) [kW], and the cost of energy a day, shape (limits,), the change of what is
    stored valued at the mean price. As in real life a day's limit is never below the day's own peak so far.
    """
    days, hours = net_kw.shape
    step_hours = 24 / hours
    soc = np.full(len(tried), (spec.min_soc_kwh + spec.capacity_kwh) / 2)
    first, peaks, cost = soc, np.zeros((len(tried), days)), np.zeros(len(tried))
    slots = [_ManyPolicies.of([table.policies[hour] for table in tables], tried) for hour in range(hours)]
    for day in range(days):
        peak = np.zeros(len(tried))
        for hour in range(hours):
            net = float(net_kw[day, hour])
            if np.isnan(net):
                continue
            limit = np.maximum(tried, peak)
            flows = respond(_with_limit(slots[hour], limit), spec, soc, max(net, 0.0), max(-net, 0.0), step_hours)
            soc = flows.soc_kwh
            price = np.where(flows.grid_kw > 0, recent.import_per_kwh[hour], recent.export_per_kwh[hour])
            cost += flows.grid_kw * price * step_hours
            peak = np.maximum(peak, flows.grid_kw)
        peaks[:, day] = peak
    stored = (soc - first) * float(recent.import_per_kwh.mean()) * spec.discharge_efficiency
    return peaks, (cost - stored) / days


def _with_limit(policies: _ManyPolicies, limit_kw: FloatArray) -> _ManyPolicies:
    return _ManyPolicies(
        charge_to_kwh=policies.charge_to_kwh,
        store_to_kwh=policies.store_to_kwh,
        discharge_to_kwh=policies.discharge_to_kwh,
        export_to_kwh=policies.export_to_kwh,
        import_limit_kw=limit_kw,
        shave_to_kwh=policies.shave_to_kwh,
        export_limit_kw=policies.export_limit_kw,
        pv_limit_kw=policies.pv_limit_kw,
    )


def expected_charge(charge: PeakChargeSpec, month: MonthSoFar, peaks_kw: FloatArray) -> FloatArray:
    """Return the month's expected charge under each limit, shape (limits,), drawing the days left from `peaks_kw`.

    The same draws serve every limit, so that chance does not choose between them.
    """
    draw = np.random.default_rng(1).integers(0, peaks_kw.shape[1], (DRAWS, max(month.days_left, 0)))
    to_come = peaks_kw[:, draw]
    known = np.broadcast_to(np.array(month.peaks_kw), (*to_come.shape[:2], len(month.peaks_kw)))
    top = np.sort(np.concatenate([to_come, known], axis=2), axis=2)[:, :, ::-1][:, :, : charge.days]
    z_kw = top.mean(axis=2)
    if charge.per_kw is not None:
        return np.asarray(charge.per_kw * z_kw.mean(axis=1))
    edges, costs = np.array(charge.tiers).T
    tier = np.minimum(np.searchsorted(edges + 1e-6, z_kw), len(costs) - 1)
    expected: FloatArray = costs[tier].mean(axis=1)
    return expected
