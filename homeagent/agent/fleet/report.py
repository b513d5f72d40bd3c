"""Many homes as one self-contained page of pictures."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from homeagent.agent.fleet.figures import PERIOD_DAYS, possible, saved, saved_against_rule
from homeagent.agent.fleet.journal import HomeRow
from homeagent.agent.fleet.words import NAMES, in_words, with_interval
from homeagent.agent.report import COLOURS, LAYOUT, STYLE

TILES = ".tile { flex: 1 1 12rem } td:first-child { white-space: nowrap }"
FAILURES_SHOWN = 200
BINS = 40


def write_report(found: Mapping[str, Any], scored: Sequence[HomeRow], path: Path) -> None:
    """Write the page."""
    title = f"{found['homes']} homes"
    sections = [*_scored(found, scored)] if scored else []
    page = (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title} - homeagent</title><style>{STYLE}{TILES}</style><script>{get_plotlyjs()}</script>"
        f"<h1>Backtest of {title}</h1><p>{html.escape(_about(found))}</p>"
        f"{''.join(sections)}{_failures(found['failures'])}</html>\n"
    )
    path.write_text(page, encoding="utf-8")


def _about(found: Mapping[str, Any]) -> str:
    run, days = found["run"], found["days"]
    window = "" if days["least"] is None else f", {_span(days['least'], days['most'])} days each"
    return (
        f"{found['scored']} scored, {found['failed']} failed{window}. Load, PV and prices are as measured; the battery "
        f"is simulated. {run['cpu_seconds_of_homes']:.0f} CPU seconds, homeagent {found['build']}."
    )


def _span(least: float, most: float) -> str:
    return f"{least:.0f}" if round(least) == round(most) else f"{least:.0f} to {most:.0f}"


def _scored(found: Mapping[str, Any], scored: Sequence[HomeRow]) -> Iterator[str]:
    currency, spread = found["currency"], found["distributions"]
    yield f"<div class=tiles>{''.join(_tiles(found))}</div>"
    text = (
        "The interval says where mean and median of homes of this kind lie, with 95 % confidence, if these homes were "
        f"drawn at random from them. Money is {currency} in {PERIOD_DAYS} days."
    )
    yield _section("How the savings spread", text) + _spread_table(spread)
    yield _section(
        "What was saved",
        "Each home once. Left of zero the home paid more than it would have without.",
        _money(currency, scored),
    )
    bounded = [row for row in scored if row.result.share_of_possible_saving_agent is not None]
    if bounded:
        text = "0 is no battery, 1 is perfect foresight, which no controller can beat."
        yield _section("Share of the possible saving", text, _shares(bounded))
        text = "On the line all was saved that could be. A point is a home; its name shows under the pointer."
        yield _section("What was possible, and what was saved", text, _scatter(currency, bounded))
    text = (
        "Those of which the smallest part of the possible was made. What is odd about each is what it is worse in than "
        "nine of ten homes: a hint where to look, no proof of the cause."
    )
    yield _section("The worst homes", text) + _worst_table(found["worst"], currency)


def _section(title: str, text: str, *charts: go.Figure) -> str:
    options: dict[str, Any] = {"full_html": False, "include_plotlyjs": False, "config": {"displaylogo": False}}
    drawn = "".join(f"<div class=chart>{chart.to_html(**options)}</div>" for chart in charts)
    return f"<h2>{html.escape(title)}</h2><p>{html.escape(text)}</p>{drawn}"


def _tiles(found: Mapping[str, Any]) -> Iterator[str]:
    currency, dearer = html.escape(found["currency"]), found["homes_dearer_than_rule"]
    for name, unit in (
        ("saved_against_no_battery", f" {currency}"),
        ("saved_against_rule", f" {currency}"),
        ("share_of_possible_saving_agent", ""),
    ):
        one = found["distributions"][name]
        value = "not computed" if one is None else f"{in_words(name, one['median']['value'])}{unit}"
        half = (
            "" if one is None else f", half of the homes {in_words(name, one['p25'])} to {in_words(name, one['p75'])}"
        )
        yield f"<div class=tile><b>{value}</b>{html.escape(NAMES[name])}, the median home{half}</div>"
    text = f"of the homes paid more than with the inverter's own rule ({dearer['low']:.1%} to {dearer['high']:.1%})"
    yield f"<div class=tile><b>{dearer['value']:.1%}</b>{text}</div>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f"<th>{html.escape(name)}" for name in head)
    lines = ("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{cells}</tr>{''.join(lines)}</table>"


def _spread_table(spread: Mapping[str, Any]) -> str:
    head = (
        "",
        "homes",
        "mean [95 % interval]",
        "median [95 % interval]",
        "5 %",
        "25 %",
        "75 %",
        "95 %",
        "least",
        "most",
    )
    rows = [
        (
            NAMES[name],
            str(one["homes"]),
            with_interval(name, one["mean"]),
            with_interval(name, one["median"]),
            *(in_words(name, one[key]) for key in ("p05", "p25", "p75", "p95", "least", "most")),
        )
        for name, one in spread.items()
        if one is not None
    ]
    return _table(head, rows)


def _bins(*series: Sequence[float]) -> dict[str, float]:
    """Return bins that all series share and that have an edge at zero."""
    low, high = (float(edge) for edge in (min(map(min, series)), max(map(max, series))))
    width = max(high - low, 1e-6) / BINS
    return {"start": float(np.floor(low / width) * width), "end": high + width, "size": width}


def _histogram(series: Mapping[str, tuple[str, Sequence[float]]], title: str) -> go.Figure:
    chart = go.Figure()
    bins = _bins(*(values for _, values in series.values()))
    for name, (colour, values) in series.items():
        chart.add_histogram(x=list(values), name=name, marker_color=COLOURS[colour], opacity=0.7, xbins=bins)
        chart.add_vline(x=float(np.median(values)), line_color=COLOURS[colour], line_dash="dash", line_width=2)
    chart.update_layout(
        **LAYOUT, height=320, barmode="overlay", xaxis_title=f"{title}; dashed: the median", bargap=0.02
    )
    chart.update_layout(hovermode="closest", showlegend=True)
    chart.update_yaxes(title_text="homes")
    return chart


def _money(currency: str, scored: Sequence[HomeRow]) -> go.Figure:
    series = {
        "against no battery": ("rule", [saved(row.result) for row in scored]),
        "against the inverter's own rule": ("agent", [saved_against_rule(row.result) for row in scored]),
    }
    return _histogram(series, f"{currency} in {PERIOD_DAYS} days")


def _shares(bounded: Sequence[HomeRow]) -> go.Figure:
    def known(values: Iterator[float | None]) -> list[float]:
        return [value for value in values if value is not None]

    series = {
        "the inverter's own rule": ("rule", known(row.result.share_of_possible_saving_rule for row in bounded)),
        "homeagent": ("agent", known(row.result.share_of_possible_saving_agent for row in bounded)),
    }
    return _histogram(series, "share of the possible saving")


def _scatter(currency: str, bounded: Sequence[HomeRow]) -> go.Figure:
    names = [html.escape(row.home) for row in bounded]
    most = [possible(row.result) or 0.0 for row in bounded]
    rule = [saved(row.result) - saved_against_rule(row.result) for row in bounded]
    chart = go.Figure()
    ends = [min(0.0, *most), max(most)]
    chart.add_scatter(x=ends, y=ends, mode="lines", name="all that was possible", line_color=COLOURS["bound"])
    for name, colour, values in (
        ("the inverter's own rule", "rule", rule),
        ("homeagent", "agent", [saved(row.result) for row in bounded]),
    ):
        marker = {"color": COLOURS[colour], "size": 7, "opacity": 0.75}
        chart.add_scattergl(x=most, y=values, mode="markers", name=name, marker=marker, text=names)
    each = f"[{currency} in {PERIOD_DAYS} days]"
    chart.update_layout(**LAYOUT, height=460, xaxis_title=f"possible {each}", yaxis_title=f"saved {each}")
    chart.update_layout(hovermode="closest")
    return chart


def _worst_table(worst: Sequence[Mapping[str, Any]], currency: str) -> str:
    head = (
        "home",
        "share of the possible",
        f"saved [{currency}]",
        f"against the rule [{currency}]",
        "what is odd about it",
    )
    rows = [
        (
            one["home"],
            "" if one["share"] is None else f"{one['share']:.3f}",
            f"{one['saved']:.2f}",
            f"{one['saved_against_rule']:.2f}",
            one["why"],
        )
        for one in worst
    ]
    return _table(head, rows)


def _failures(failures: Sequence[Mapping[str, Any]]) -> str:
    if not failures:
        return ""
    more = "" if len(failures) <= FAILURES_SHOWN else f" The first {FAILURES_SHOWN} are shown, all are in homes.csv."
    text = f"They could not be scored, and are in no figure above.{more}"
    rows = [(one["home"], one["reason"]) for one in failures[:FAILURES_SHOWN]]
    return _section("Homes that failed", text) + _table(("home", "why"), rows)
