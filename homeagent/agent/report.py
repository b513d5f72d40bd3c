"""A backtest as one self-contained page of pictures. Runs in a child process: plotly stays out of the small one."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs
from plotly.subplots import make_subplots

from homeagent.agent.backtest_summary import ReportFacts
from homeagent.agent.day_section import day_section
from homeagent.domain.grid import FloatArray

COLOURS = {
    "agent": "#0f766e",
    "rule": "#94a3b8",
    "none": "#cbd5e1",
    "bound": "#1e3a5f",
    "load": "#334155",
    "pv": "#eab308",
    "battery": "#0f766e",
    "grid": "#dc2626",
    "price": "#7c3aed",
}
LAYOUT = {
    "template": "plotly_white",
    "margin": {"l": 60, "r": 60, "t": 30, "b": 40},
    "legend": {"orientation": "h", "y": 1.12},
    "hovermode": "x unified",
}
FORECAST_DAYS_SHOWN = 14
ALL_HOURS_UP_TO = timedelta(days=70)
"""A longer window is drawn by days, so that the page stays light."""

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1e293b; background: #f8fafc; margin: 0 auto; max-width: 68rem;
  padding: 1.5rem }
h1 { font-size: 1.6rem; margin: 0 }
h2 { font-size: 1.15rem; margin: 2rem 0 .3rem }
p { margin: .3rem 0; color: #475569 }
.tiles { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.2rem 0 }
.tile { background: #fff; border: 1px solid #e2e8f0; border-radius: .6rem; padding: .7rem 1rem; min-width: 9rem }
.tile b { display: block; font-size: 1.5rem; color: #0f766e }
select { font: inherit; border: 1px solid #e2e8f0; border-radius: .3rem; background: #fff }
#day-chart { height: 560px }
#day-thinks { color: #475569; font-size: .85rem; max-height: 15rem; overflow-y: auto }
.chart { background: #fff; border: 1px solid #e2e8f0; border-radius: .6rem; padding: .5rem }
table { border-collapse: collapse; width: 100%; font-size: .85rem; background: #fff }
td, th { border-bottom: 1px solid #e2e8f0; padding: .3rem .5rem; text-align: left; vertical-align: top }
"""


def write_report(facts: ReportFacts, path: Path) -> None:
    """Write the page."""
    sections = [
        _section("What it cost", _costs_text(facts), _costs(facts), _growing_costs(facts)),
        _section("State of charge and price", _soc_text(facts), _soc_and_price(facts)),
        *_zoomed_day(facts),
        *day_section(facts.days, best_date(facts)),
        _section("Forecast against truth", _forecast_text(facts), *_forecasts(facts)),
    ]
    window = facts.summary["window"]
    title = f"Backtest, {window['start'][:10]} to {window['end'][:10]}"
    page = (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title} - homeagent</title><style>{STYLE}</style><script>{get_plotlyjs()}</script>"
        f"<h1>{title}</h1><p>{_window_text(facts)}</p><div class=tiles>{''.join(_tiles(facts))}</div>"
        f"{''.join(sections)}</html>\n"
    )
    path.write_text(page, encoding="utf-8")


def _section(title: str, text: str, *figures: go.Figure) -> str:
    options: dict[str, Any] = {"full_html": False, "include_plotlyjs": False, "config": {"displaylogo": False}}
    charts = "".join(f"<div class=chart>{figure.to_html(**options)}</div>" for figure in figures)
    return f"<h2>{html.escape(title)}</h2><p>{html.escape(text)}</p>{charts}"


def _window_text(facts: ReportFacts) -> str:
    battery = facts.site.battery
    return (
        f"{facts.summary['window']['days']:.1f} days in steps of {facts.summary['window']['step_minutes']:g} minutes, "
        f"a battery of {battery.capacity_kwh:g} kWh and {battery.max_discharge_kw:g} kW. Load, PV and prices are as "
        f"measured; the battery is simulated."
    )


def _tiles(facts: ReportFacts) -> Iterator[str]:
    summary, currency = facts.summary, html.escape(facts.site.currency)
    own = summary["own_energy"]
    paid = summary["cost_agent"] + (0.0 if own is None else own["cost"])
    saved, more = (summary[f"cost_{other}"] - paid for other in ("without_battery", "self_consumption_rule"))
    share = summary["share_of_possible_saving_agent"]
    tiles = [
        (f"{saved:.2f} {currency}", "saved against no battery"),
        (f"{more:.2f} {currency}", "saved against the inverter's own rule"),
        ("not computed" if share is None else f"{share:.1%}", "of what perfect foresight saves"),
        (f"{summary['thinks']}", f"thinks, {sum(summary['cpu_seconds'].values()):.1f} CPU seconds in all"),
    ]
    if own is not None:
        ends = f"{1000 * own['kwh_low']:.2g} to {1000 * own['kwh_high']:.2g}"
        tiles.append((f"{1000 * own['kwh']:.2g} Wh", f"its own computing here ({ends}), taken from what it saved"))
    for value, what in tiles:
        yield f"<div class=tile><b>{value}</b>{what}</div>"


def _costs_text(facts: ReportFacts) -> str:
    peak = " Peak charges are in the bars, not in the curves." if facts.site.peak_charge is not None else ""
    return (
        "Without a battery, with the inverter's own self-consumption rule, with homeagent, and with the whole window "
        f"known ahead, which no controller can beat.{peak}"
    )


def _costs(facts: ReportFacts) -> go.Figure:
    summary = facts.summary
    bars = [
        ("without battery", summary["cost_without_battery"], COLOURS["none"]),
        ("self-consumption rule", summary["cost_self_consumption_rule"], COLOURS["rule"]),
        ("homeagent", summary["cost_agent"], COLOURS["agent"]),
        ("perfect foresight", summary["cost_perfect_foresight"], COLOURS["bound"]),
    ]
    names, costs, colours = zip(*(bar for bar in bars if bar[1] is not None), strict=True)
    text = [f"{cost:.2f}" for cost in costs]
    figure = go.Figure(go.Bar(x=costs, y=names, orientation="h", marker_color=colours, text=text))
    figure.update_layout(**LAYOUT, height=240, xaxis_title=f"cost [{facts.site.currency}]", showlegend=False)
    figure.update_layout(margin={"l": 150}, hovermode=False)
    figure.update_yaxes(autorange="reversed")
    return figure


def _growing_costs(facts: ReportFacts) -> go.Figure:
    window = facts.window
    flows = {
        "none": ("without battery", window.load_kw - window.pv_kw),
        "rule": ("self-consumption rule", facts.rule_grid_kw),
        "agent": ("homeagent", facts.trajectory.grid_kw),
    }
    figure = go.Figure()
    for colour, (name, grid_kw) in flows.items():
        price = np.where(grid_kw > 0, window.import_price_per_kwh, window.export_price_per_kwh)
        cost = np.cumsum(_by(facts, grid_kw * price * window.grid.step_hours, np.sum))
        line = {"color": COLOURS[colour], "width": 2}
        figure.add_scatter(x=_times(facts), y=cost, name=name, line=line)
    figure.update_layout(**LAYOUT, height=320, yaxis_title=f"energy cost so far [{facts.site.currency}]")
    return figure


def _steps_per_mark(facts: ReportFacts) -> int:
    grid = facts.window.grid
    mark = timedelta(hours=1) if grid.end - grid.start <= ALL_HOURS_UP_TO else timedelta(days=1)
    return max(min(mark // grid.step, grid.count), 1)


def _by(facts: ReportFacts, values: FloatArray, how: Any) -> FloatArray:  # noqa: ANN401 - a numpy reduction
    """Return `values` reduced to whole hours of a short window, whole days of a long one."""
    per_mark = _steps_per_mark(facts)
    whole = values[: len(values) // per_mark * per_mark].reshape(-1, per_mark)
    reduced: FloatArray = how(whole, axis=1)
    return reduced


def _times(facts: ReportFacts) -> list[datetime]:
    grid, per_mark = facts.window.grid, _steps_per_mark(facts)
    return [_local(facts, grid.at(index * per_mark)) for index in range(grid.count // per_mark)]


def _local(facts: ReportFacts, at: datetime) -> datetime:
    """Return the wall time without a zone, which a chart's axis shows as it stands."""
    return at.astimezone(facts.site.timezone).replace(tzinfo=None)


def _soc_text(facts: ReportFacts) -> str:
    each = "hour" if _steps_per_mark(facts) * facts.window.grid.step <= timedelta(hours=1) else "day"
    return f"The least, mean and most that was stored each {each}, and the mean price of import."


def _soc_and_price(facts: ReportFacts) -> go.Figure:
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.6, 0.4])
    times, soc = _times(facts), facts.trajectory.soc_kwh
    green = COLOURS["battery"]
    figure.add_scatter(x=times, y=_by(facts, soc, np.max), line_width=0, showlegend=False, row=1, col=1)
    figure.add_scatter(
        x=times,
        y=_by(facts, soc, np.min),
        line_width=0,
        fill="tonexty",
        fillcolor="rgba(15,118,110,.2)",
        name="range",
        row=1,
        col=1,
    )
    figure.add_scatter(x=times, y=_by(facts, soc, np.mean), name="mean", line_color=green, row=1, col=1)
    price = _by(facts, facts.window.import_price_per_kwh, np.mean)
    figure.add_scatter(x=times, y=price, name="import price", line_color=COLOURS["price"], row=2, col=1)
    figure.update_yaxes(title_text="stored [kWh]", row=1, col=1)
    figure.update_yaxes(title_text=f"{facts.site.currency}/kWh", row=2, col=1)
    figure.update_layout(**LAYOUT, height=420)
    return figure


def best_day(facts: ReportFacts) -> tuple[int, int] | None:
    """Return the rows of the whole local day that saved most against the rule, None where the window has none."""
    window = facts.window
    days: dict[date, tuple[int, int]] = {}
    prices = (window.import_price_per_kwh, window.export_price_per_kwh)
    costs = [
        grid_kw * np.where(grid_kw > 0, *prices) * window.grid.step_hours
        for grid_kw in (facts.rule_grid_kw, facts.trajectory.grid_kw)
    ]
    for row, at in enumerate(window.grid.starts()):
        day = at.astimezone(facts.site.timezone).date()
        first, _ = days.setdefault(day, (row, row))
        days[day] = (first, row + 1)
    whole = [(a, b) for a, b in days.values() if (b - a) * window.grid.step_hours > 22.5]  # noqa: PLR2004 - 23 or more
    return max(whole, key=lambda rows: float((costs[0] - costs[1])[slice(*rows)].sum()), default=None)


def best_date(facts: ReportFacts) -> date | None:
    """Return that day's date."""
    rows = best_day(facts)
    return None if rows is None else _local(facts, facts.window.grid.at(rows[0])).date()


def _zoomed_day(facts: ReportFacts) -> Iterator[str]:
    rows = best_day(facts)
    if rows is None:
        return
    part = slice(*rows)
    window, done = facts.window, facts.trajectory
    times = [_local(facts, window.grid.at(row)) for row in range(*rows)]
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.05, row_heights=[0.5, 0.25, 0.25])
    flows = (
        ("load", "load", window.load_kw),
        ("PV", "pv", window.pv_kw),
        ("battery, + charging", "battery", done.battery_kw),
        ("grid, + importing", "grid", done.grid_kw),
    )
    for name, colour, values in flows:
        line = {"color": COLOURS[colour], "shape": "hv"}
        figure.add_scatter(x=times, y=values[part], name=name, line=line, row=1, col=1)
    line = {"color": COLOURS["battery"], "dash": "dot"}
    figure.add_scatter(x=times, y=done.soc_kwh[part], name="stored", line=line, row=2, col=1)
    for name, values, dash in (
        ("import price", window.import_price_per_kwh, "solid"),
        ("export price", window.export_price_per_kwh, "dot"),
    ):
        line = {"color": COLOURS["price"], "shape": "hv", "dash": dash}
        figure.add_scatter(x=times, y=values[part], name=name, line=line, row=3, col=1)
    figure.update_yaxes(title_text="kW", row=1, col=1)
    figure.update_yaxes(title_text="kWh", rangemode="tozero", row=2, col=1)
    figure.update_yaxes(title_text=f"{facts.site.currency}/kWh", row=3, col=1)
    figure.update_layout(**LAYOUT, height=620)
    title = f"One day zoomed: {times[0]:%A, %d %B %Y}"
    yield _section(title, "Of all whole days the one that saved most against the inverter's own rule.", figure)
    yield _decisions_table(facts, window.grid.at(rows[0]), window.grid.at(rows[1]))


def _decisions_table(facts: ReportFacts, start: datetime, end: datetime) -> str:
    rows = []
    last = None
    for decision in facts.decisions:
        at = datetime.fromisoformat(decision["at"])
        if not start <= at < end or decision["stance"] == last:
            continue
        last = decision["stance"]
        runner_up = (
            "" if decision["runner_up"] is None else f"{decision['runner_up']} +{decision['runner_up_costs']:.3f}"
        )
        cells = (f"{_local(facts, at):%H:%M}", decision["stance"], decision["why"], runner_up)
        rows.append("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells) + "</tr>")
    head = f"<tr><th>from<th>stance<th>why<th>next best, costs more [{html.escape(facts.site.currency)}]</tr>"
    return f"<p>What was decided that day, where it changed:</p><table>{head}{''.join(rows)}</table>"


def _forecast_text(facts: ReportFacts) -> str:
    errors = facts.summary["forecast_errors"]
    said = [
        f"{name}: mean absolute error {errors[key + '_mae_kw']:.2f} kW, "
        f"{errors[key + '_band_coverage']:.0%} of the truth inside the 80 % band"
        for name, key in (("load", "load"), ("PV", "pv"))
        if f"{key}_mae_kw" in errors
    ]
    shown = f"Shown: the last {FORECAST_DAYS_SHOWN} days."
    return f"As expected at each midnight for the day ahead. {'; '.join(said)}. {shown}"


def _forecasts(facts: ReportFacts) -> Iterator[go.Figure]:
    truth = {"load": facts.window.load_kw, "pv": facts.window.pv_kw}
    for name, values in truth.items():
        figure = go.Figure()
        days = facts.day_ahead[-FORECAST_DAYS_SHOWN:]
        if not days:
            continue
        grid = facts.window.grid
        first = max((days[0].issued_at - grid.start) // grid.step, 0)
        times: list[datetime] = []
        bands: list[FloatArray] = []
        for day in days:
            forecast = getattr(day, name)
            until = next((other.issued_at for other in days if other.issued_at > day.issued_at), forecast.grid.end)
            count = min((until - forecast.grid.start) // forecast.grid.step, forecast.grid.count)
            times += [_local(facts, forecast.grid.at(slot)) for slot in range(count)]
            bands.append(np.array([forecast.low_kw, forecast.high_kw, forecast.mean_kw])[:, :count])
        low, high, mean = np.concatenate(bands, axis=1)
        figure.add_scatter(x=times, y=high, line_width=0, showlegend=False)
        band = "rgba(124,58,237,.15)"
        figure.add_scatter(x=times, y=low, line_width=0, fill="tonexty", fillcolor=band, name="80 % band")
        figure.add_scatter(x=times, y=mean, name="expected", line={"color": COLOURS["price"], "width": 1.5})
        true_times = [_local(facts, grid.at(row)) for row in range(first, grid.count)]
        line = {"color": COLOURS[name], "width": 1.5}
        figure.add_scatter(x=true_times, y=values[first:], name="measured", line=line)
        title = "load [kW]" if name == "load" else "PV [kW]"
        figure.update_layout(**LAYOUT, height=300, yaxis_title=title)
        yield figure
