"""What many homes came to: distributions with intervals, the worst of them, and what is odd about those."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from homeagent.agent.fleet.home import HomeResult
from homeagent.agent.fleet.journal import HomeRow
from homeagent.domain.grid import FloatArray

PERIOD_DAYS = 30
"""Money is told for so many days, so that windows of unequal length can stand side by side."""
DRAWS = 2000
LEAST_HOMES = 5
"""Of fewer homes no interval is told."""
WORST = 10
ODD = 0.9
"""What is odd about a home: it is worse in it than this share of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure of these homes, and in what range it lies, with 95 % confidence, for homes of their kind."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """How a quantity spreads over homes."""

    homes: int
    mean: Interval
    median: Interval
    p05: float
    p25: float
    p75: float
    p95: float
    least: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """A home of which least was made, and what is odd about it."""

    home: str
    saved: float
    saved_against_rule: float
    share: float | None
    why: str


def saved(result: HomeResult) -> float:
    """Return what was saved against no battery in 30 days."""
    return (result.cost_without_battery - result.cost_agent) * PERIOD_DAYS / result.days


def saved_less_own_energy(result: HomeResult) -> float | None:
    """Return what was saved against no battery in 30 days, less what the agent's own computing cost."""
    own = result.own_energy_cost
    return None if own is None else saved(result) - own * PERIOD_DAYS / result.days


def saved_against_rule(result: HomeResult) -> float:
    """Return what was saved against the inverter's own rule in 30 days."""
    return (result.cost_self_consumption_rule - result.cost_agent) * PERIOD_DAYS / result.days


def possible(result: HomeResult) -> float | None:
    """Return what perfect foresight would have saved in 30 days."""
    bound = result.cost_perfect_foresight
    return None if bound is None else (result.cost_without_battery - bound) * PERIOD_DAYS / result.days


def distribution(values: Sequence[float]) -> Distribution | None:
    """Return how `values` spread, None where there are none."""
    if not values:
        return None
    taken = np.array(values, dtype=np.float64)
    p05, p25, p75, p95 = (float(value) for value in np.quantile(taken, (0.05, 0.25, 0.75, 0.95)))
    return Distribution(
        homes=len(taken),
        mean=_interval(taken, lambda drawn: drawn.mean(axis=1)),
        median=_interval(taken, lambda drawn: np.median(drawn, axis=1)),
        p05=p05,
        p25=p25,
        p75=p75,
        p95=p95,
        least=float(taken.min()),
        most=float(taken.max()),
    )


def _interval(values: FloatArray, figure: Callable[[FloatArray], FloatArray]) -> Interval:
    """Return a figure with its bootstrap interval: what it comes to when as many homes are drawn from these again."""
    value = float(figure(values[None])[0])
    if len(values) < LEAST_HOMES:
        return Interval(value=value, low=None, high=None)
    rng = np.random.default_rng(0)
    found = np.concatenate(
        [figure(values[rng.integers(len(values), size=(DRAWS // 20, len(values)))]) for _ in range(20)]
    )
    low, high = (float(bound) for bound in np.quantile(found, (0.025, 0.975)))
    return Interval(value=value, low=low, high=high)


def proportion(count: int, total: int) -> Interval:
    """Return a share of homes with Wilson's interval, which holds for rare things, too."""
    z, share = 1.96, count / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return Interval(value=share, low=max(middle - half, 0.0), high=min(middle + half, 1.0))


def distributions(results: Sequence[HomeResult]) -> dict[str, Distribution | None]:
    """Return how the savings spread: money in 30 days, and shares of the possible saving."""

    def known(values: Iterator[float | None]) -> list[float]:
        return [value for value in values if value is not None]

    return {
        "saved_against_no_battery": distribution([saved(result) for result in results]),
        "saved_less_own_energy": distribution(known(saved_less_own_energy(result) for result in results)),
        "saved_against_rule": distribution([saved_against_rule(result) for result in results]),
        "share_of_possible_saving_agent": distribution(
            known(result.share_of_possible_saving_agent for result in results)
        ),
        "share_of_possible_saving_rule": distribution(
            known(result.share_of_possible_saving_rule for result in results)
        ),
    }


def worst(rows: Sequence[HomeRow], count: int = WORST) -> list[Worst]:
    """Return the homes of which least was made: the least share of what was possible, else the least saved."""

    def made(row: HomeRow) -> float:
        share = row.result.share_of_possible_saving_agent
        return saved(row.result) if share is None else share

    bounded = [row for row in rows if row.result.share_of_possible_saving_agent is not None]
    chosen = sorted(bounded or rows, key=made)[:count]
    marks = _marks([row.result for row in rows])
    return [
        Worst(
            home=row.home,
            saved=saved(row.result),
            saved_against_rule=saved_against_rule(row.result),
            share=row.result.share_of_possible_saving_agent,
            why="; ".join(_why(row.result, marks)) or "nothing stands out",
        )
        for row in chosen
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Oddity:
    """Something that makes a home hard; more is worse."""

    measure: Callable[[HomeResult], float | None]
    words: str


def _relative(error: float | None, mean: float) -> float | None:
    return None if error is None or mean <= 0 else error / mean


def _little(result: HomeResult) -> float | None:
    found = possible(result)
    return None if found is None else -found


ODDITIES = (
    _Oddity(
        measure=lambda result: _relative(result.load_mae_kw, result.load_mean_kw),
        words="its load is hard to foresee: off by {own:.0%} of its mean, the median home by {usual:.0%}",
    ),
    _Oddity(
        measure=lambda result: _relative(result.pv_mae_kw, result.pv_mean_kw),
        words="its PV is hard to foresee: off by {own:.0%} of its mean, the median home by {usual:.0%}",
    ),
    _Oddity(
        measure=lambda result: None if result.load_band_coverage is None else abs(result.load_band_coverage - 0.8),
        words="its band of 80 % is off by {own:.0%}, the median home's by {usual:.0%}",
    ),
    _Oddity(measure=_little, words="there was little to save: {own:.2f} in 30 days, at the median home {usual:.2f}"),
)


def _marks(results: Sequence[HomeResult]) -> list[tuple[_Oddity, float, float]]:
    """Return each oddity with the mark from which on a home is odd in it, and what is usual."""
    marks = []
    for oddity in ODDITIES:
        values = [value for value in map(oddity.measure, results) if value is not None]
        if len(values) >= LEAST_HOMES:
            odd, usual = np.quantile(values, (ODD, 0.5))
            marks.append((oddity, float(odd), float(usual)))
    return marks


def _why(result: HomeResult, marks: Sequence[tuple[_Oddity, float, float]]) -> Iterator[str]:
    gained = saved_against_rule(result)
    if gained < 0:
        yield "the inverter's own rule was cheaper"
    elif gained == 0:
        yield "it came to what the inverter's own rule comes to"
    for oddity, odd, usual in marks:
        own = oddity.measure(result)
        if own is not None and own >= odd and own > usual:
            yield oddity.words.format(own=abs(own), usual=abs(usual))


def figures(rows: Sequence[HomeRow], currency: str) -> dict[str, Any]:
    """Return what the homes came to, JSON-ready."""
    scored = [row for row in rows if row.lived.result is not None]
    failed = [row for row in rows if row.lived.result is None]
    results = [row.result for row in scored]
    dearer = sum(saved_against_rule(result) < 0 for result in results)
    spread = distributions(results)
    return {
        "homes": len(rows),
        "scored": len(scored),
        "failed": len(failed),
        "currency": currency,
        "period_days": PERIOD_DAYS,
        "distributions": {name: None if one is None else asdict(one) for name, one in spread.items()},
        "homes_dearer_than_rule": asdict(proportion(dearer, len(results))) if results else None,
        "days": {
            "least": min((result.days for result in results), default=None),
            "most": max((result.days for result in results), default=None),
        },
        "worst": [asdict(one) for one in worst(scored)],
        "failures": [{"home": row.home, "reason": row.lived.failure} for row in failed],
    }
