"""Habits in sentences, always in the same words for the same numbers."""

from __future__ import annotations

from datetime import date

from homeagent.domain.habits import DAY_KINDS, MOMENTS, ApplianceRuns, DayKind, Habits, Moment, NotSeen, UsualTime

DONE: dict[Moment, str] = {
    "wake": "the home wakes",
    "leave": "it is left",
    "return": "somebody is back",
    "sleep": "it goes to sleep",
}
ON: dict[DayKind, str] = {"workday": "On workdays", "day off": "On days off"}
WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
HOURS_A_YEAR = 8760
_QUARTERS_A_DAY = 96


def clock(hour: float) -> str:
    """Return an hour as a clock shows it, to the quarter that it is nearest to."""
    quarters = round(hour * 4) % _QUARTERS_A_DAY
    return f"{quarters // 4:02}:{quarters % 4 * 15:02}"


def sentences(habits: Habits, import_price_per_kwh: float | None = None, currency: str = "") -> list[str]:
    """Return what is known of a home, and plainly what is not; the price is what a kWh costs in the mean."""
    said = [f"This rests on {habits.days} days with somebody at home."]
    for kind in DAY_KINDS:
        said += _of_day(kind, habits)
    said += _standby(habits.standby_kw, import_price_per_kwh, currency)
    said += [_of_appliance(one) for one in habits.appliances]
    return said


def _of_day(kind: DayKind, habits: Habits) -> list[str]:
    times = habits.times[kind]
    known = [(moment, time) for moment in MOMENTS if isinstance(time := times[moment], UsualTime)]
    said = []
    if known:
        parts = [f"{DONE[moment]} at about {clock(time.hour)} ({_spread(time)})" for moment, time in known]
        said.append(f"{ON[kind]} {_listed(parts)}.")
    said += [_moved(kind, moment, time) for moment, time in known if time.shift is not None]
    missing = {moment: time.reason for moment in MOMENTS if isinstance(time := times[moment], NotSeen)}
    for reason in dict.fromkeys(missing.values()):
        names: list[str] = [moment for moment in MOMENTS if missing.get(moment) == reason]
        said.append(f"{ON[kind]} no usual time to {_listed(names, 'or')} is known: {reason}.")
    if kind in habits.kwh_per_day:
        said.append(f"{ON[kind]} it uses {habits.kwh_per_day[kind]:.1f} kWh.")
    return said


def _spread(time: UsualTime) -> str:
    return f"mostly within {max(round(time.spread_hours * 60 / 5) * 5, 5)} min, {time.days} of {time.of_days} days"


def _moved(kind: DayKind, moment: Moment, time: UsualTime) -> str:
    if time.shift is None:
        raise ValueError("it has not moved")
    by_h = time.hour - time.shift.before_hour
    way = "later" if by_h > 0 else "earlier"
    return (
        f"{ON[kind]} {DONE[moment]} {abs(by_h):.1f} h {way} since about {_day(time.shift.since)}: "
        f"it was {clock(time.shift.before_hour)} before."
    )


def _day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]}"


def _standby(standby_kw: float | None, price: float | None, currency: str) -> list[str]:
    if standby_kw is None:
        return []
    costs = "" if price is None else f", {standby_kw * HOURS_A_YEAR * price:.0f} {currency} a year at the mean price"
    return [f"{standby_kw * 1000:.0f} W never stop: {standby_kw * HOURS_A_YEAR:.0f} kWh a year{costs}."]


def _of_appliance(runs: ApplianceRuns) -> str:
    start = runs.usual_start
    at = f"mostly from about {clock(start.hour)} on" if isinstance(start, UsualTime) else start.reason
    on = f", above all on {_listed([WEEKDAYS[day] for day in runs.usual_weekdays])}" if runs.usual_weekdays else ""
    return (
        f"{runs.name} runs {runs.runs_per_week:.1f} times a week{on}, {at}; "
        f"a run takes {runs.hours:.1f} h and {runs.energy_kwh:.2f} kWh."
    )


def _listed(parts: list[str], last: str = "and") -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}"
