"""Several governors over the same home: how often each thought, what that took, and what it cost to think less."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rich.console import Console
from rich.table import Table

from homeagent.agent.backtest import Progress, Request, backtest
from homeagent.domain.thinking import GovernorRules

THINKING = ("forecast", "plan")
"""Parts of the CPU time that are thinking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """One governor's result. `lost` is how much less of the possible saving it took than the one that thought most."""

    governor: str
    thinks_per_day: float
    cpu_ms_per_day: float
    cost: float
    share: float | None
    lost: float | None


def race(
    request: Request,
    governors: Sequence[tuple[str, GovernorRules]],
    progress: Progress,
    notice: Callable[[str], None],
) -> list[Runner]:
    """Run each governor over the same window, each into a folder of its own below `request.out`; write governors.json.

    The bound of perfect foresight is computed once, with the first.

    Raises:
        InputError: data, scenario or window are not usable.
    """
    summaries: list[tuple[str, Mapping[str, Any]]] = []
    for name, rules in governors:
        out = request.out / name.replace(":", "-")
        alone = replace(request, governor=rules, out=out, bound=request.bound and not summaries)
        summaries.append((name, backtest(alone, progress, notice if not summaries else _silent)))
    runners = judged(summaries)
    text = json.dumps([asdict(runner) for runner in runners], indent=2, allow_nan=False)
    (request.out / "governors.json").write_text(text + "\n", encoding="utf-8")
    return runners


def _silent(_text: str) -> None: ...


def judged(summaries: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Runner]:
    """Return what came of each, in the order they were named; the first summary has the bound, if any has."""
    first = summaries[0][1]
    none, bound = first["cost_without_battery"], first["cost_perfect_foresight"]
    possible = None if bound is None or none <= bound else none - bound
    most = max(summaries, key=lambda named: named[1]["thinks"])[1]
    return [
        Runner(
            governor=name,
            thinks_per_day=round(summary["thinks"] / summary["window"]["days"], 2),
            cpu_ms_per_day=round(1000 * _thinking_s(summary) / summary["window"]["days"], 2),
            cost=summary["cost_agent"],
            share=None if possible is None else round((none - summary["cost_agent"]) / possible, 4),
            lost=None if possible is None else round((summary["cost_agent"] - most["cost_agent"]) / possible, 4),
        )
        for name, summary in summaries
    ]


def _thinking_s(summary: Mapping[str, Any]) -> float:
    return sum(float(summary["cpu_seconds"].get(part, 0.0)) for part in THINKING)


def print_race(runners: Sequence[Runner]) -> None:
    """Print a row a governor; the cuts are against the one that thought most."""
    most = max(runners, key=lambda runner: runner.thinks_per_day)
    table = Table(title=f"Against {most.governor}; CPU is that of forecasts and plans")
    columns = ("thinks a day", "fewer", "CPU, ms a day", "less", "cost", "share", "lost")
    table.add_column("governor", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right")
    for runner in runners:
        table.add_row(
            runner.governor,
            f"{runner.thinks_per_day:.1f}",
            _cut(runner.thinks_per_day, most.thinks_per_day),
            f"{runner.cpu_ms_per_day:.0f}",
            _cut(runner.cpu_ms_per_day, most.cpu_ms_per_day),
            f"{runner.cost:.2f}",
            "" if runner.share is None else f"{runner.share:.4f}",
            "" if runner.lost is None else f"{runner.lost:.4f}",
        )
    Console().print(table)


def _cut(value: float, of: float) -> str:
    return "" if not of else f"{100 * (1 - value / of):.1f} %"
