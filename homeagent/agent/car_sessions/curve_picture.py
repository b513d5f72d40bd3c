"""The curve of confidence as a picture: what is saved against what misses."""

from __future__ import annotations

import math
from collections.abc import Sequence

from homeagent.agent.car_sessions.confidence import CurvePoint

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 44, 56
TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Shares of energy that miss; less than the first is drawn there."""
STYLE = "font-family='sans-serif' font-size='12' fill='#334155'"


def curve_svg(points: Sequence[CurvePoint]) -> str:
    """Return the curve as SVG: the share of the possible saving over what missed, on a logarithmic scale."""
    missing = [max(one.account.missing, TICKS[0]) for one in points]
    shares = [0.0 if math.isnan(one.account.share) else one.account.share for one in points]
    low = min(0.0, math.floor(min(shares) * 10) / 10)
    last = next((tick for tick in TICKS if tick >= max(missing)), 1.0)
    first = max((tick for tick in TICKS if tick <= min(missing)), default=TICKS[0])
    span = math.log(last / first) or 1.0

    def x(value: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * math.log(value / first) / span, 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / (1 - low), 1)

    tenths = [round(low + k * 0.2, 1) for k in range(round((1 - low) / 0.2) + 1)]
    parts = [f"<line x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{y(v)}' y2='{y(v)}' stroke='#e2e8f0'/>" for v in tenths]
    parts += [f"<text {STYLE} x='{LEFT - 8}' y='{y(v) + 4}' text-anchor='end'>{v:.1f}</text>" for v in tenths]
    for tick in (tick for tick in TICKS if first <= tick <= last):
        parts.append(f"<line x1='{x(tick)}' x2='{x(tick)}' y1='{TOP}' y2='{HEIGHT - BOTTOM}' stroke='#e2e8f0'/>")
        parts.append(f"<text {STYLE} x='{x(tick)}' y='{HEIGHT - BOTTOM + 18}' text-anchor='middle'>{tick:.1%}</text>")
    line = " ".join(f"{x(m)},{y(s)}" for m, s in zip(missing, shares, strict=True))
    parts.append(f"<polyline points='{line}' fill='none' stroke='#0f766e' stroke-width='2'/>")
    for one, m, s in zip(points, missing, shares, strict=True):
        parts.append(f"<circle cx='{x(m)}' cy='{y(s)}' r='4' fill='#0f766e'/>")
        parts.append(f"<text {STYLE} x='{x(m) + 6}' y='{y(s) + 14}'>{one.confidence:g}</text>")
    parts.append(
        f"<text {STYLE} x='{LEFT}' y='24'>share of the possible saving, by the confidence of departures</text>"
    )
    parts.append(
        f"<text {STYLE} x='{WIDTH - RIGHT}' y='{HEIGHT - 12}' text-anchor='end'>energy that missed at departures</text>"
    )
    body = "\n".join(parts)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{HEIGHT}' viewBox='0 0 {WIDTH} {HEIGHT}'>\n"
        f"<rect width='{WIDTH}' height='{HEIGHT}' fill='white'/>\n{body}\n</svg>\n"
    )
