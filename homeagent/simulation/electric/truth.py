"""What really happened in a simulated home, for judging it: none of this is told to the agent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

NOTICED_KWH = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A car that left: with what was in it [kWh], and what it should have had.

    `needed_kwh` is the way ahead with a reserve, or all that was asked where somebody said when they leave
    (`announced`). `reachable_kwh` is what charging without a pause from plugging in on would have come to.
    """

    at: datetime
    stored_kwh: float
    needed_kwh: float
    reachable_kwh: float
    announced: bool
    plugged: bool
    """False where somebody had forgotten to plug it in: then nobody could have charged it."""

    @property
    def short_kwh(self) -> float:
        """What it lacked of what could have been in it; nothing where nobody could charge it."""
        return max(min(self.needed_kwh, self.reachable_kwh) - self.stored_kwh, 0.0) if self.plugged else 0.0

    @property
    def missed(self) -> bool:
        """Whether it lacked what somebody would notice."""
        return self.short_kwh >= NOTICED_KWH


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of an appliance: loaded, started, done; `ready_by` is when the people wanted it done."""

    appliance: str
    loaded_at: datetime
    started_at: datetime
    done_at: datetime
    ready_by: datetime

    @property
    def waited_min(self) -> float:
        """How long after the wanted time it was done [minutes]."""
        return max((self.done_at - self.ready_by) / timedelta(minutes=1), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTruth:
    """One local day. Energies are electrical [kWh], by device; `base` is what no device here draws."""

    day: date
    energy_kwh: Mapping[str, float]
    pv_kwh: float
    import_kwh: float
    export_kwh: float
    cost: float
    cold_kh: float
    """Degree-hours below the band of each person that is home and awake, summed over people."""
    hot_kh: float
    cold_asleep_kh: float
    hot_asleep_kh: float
    awake_hours: float
    """Person-hours at home and awake."""
    household_cold_kh: float
    household_hot_kh: float
    """Degree-hours while anybody is at home and awake: at each minute the mean over those people."""
    household_hours: float
    """Hours in which anybody is at home and awake."""
    cold_water_kwh: float
    """The heat by which water at taps was colder than wanted."""
    showers: int
    cold_showers: int
    overrides: int
    """How often a person set the thermostat by hand."""
    boosts: int
    """How often a person told the hot water to heat at once."""
    guard_min: int
    """Minutes in which a room or the tank was beyond its guard."""
    switches: Mapping[str, int]
    """How often each device was switched on."""
    hygiene: bool
    """Whether the whole tank reached 60 degC."""
    pool_hours_short: float
    air_c: tuple[float, float, float]
    """The living rooms' lowest, mean and highest temperature."""
    outdoor_c: float
    departures: tuple[Departure, ...] = ()
    runs: tuple[Run, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeTruth:
    """What happened on the days that are judged.

    `left_kwh` is what the stores hold at the end beyond their start (battery, car and tank, in kWh of electricity),
    `left_worth` what that is worth at the days' mean price of import.
    """

    home: str
    hvac: str
    """`heating` or `cooling`: the device that counts as heating, ventilation and air conditioning."""
    days: tuple[DayTruth, ...]
    left_kwh: float = 0.0
    left_worth: float = 0.0
    beside: Mapping[str, float] = field(default_factory=dict)

    def total_kwh(self, devices: Iterable[str] | None = None) -> float:
        """Return what those devices drew, or the whole home."""
        wanted = None if devices is None else frozenset(devices)
        return sum(kwh for day in self.days for name, kwh in day.energy_kwh.items() if wanted is None or name in wanted)

    @property
    def hvac_kwh(self) -> float:
        """What heating or cooling the rooms drew."""
        return self.total_kwh((self.hvac,))

    @property
    def cost(self) -> float:
        """What the days cost, less what is left in the stores."""
        return sum(day.cost for day in self.days) - self.left_worth

    @property
    def discomfort_kh(self) -> float:
        """Degree-hours out of band of people at home and awake."""
        return sum(day.cold_kh + day.hot_kh for day in self.days)

    @property
    def departures(self) -> tuple[Departure, ...]:
        """Every time the car left."""
        return tuple(one for day in self.days for one in day.departures)

    @property
    def runs(self) -> tuple[Run, ...]:
        """Every run that ended."""
        return tuple(one for day in self.days for one in day.runs)

    def missed(self, *, announced: bool) -> int:
        """Return how many departures lacked energy, of those that were announced or of the others."""
        return sum(one.missed for one in self.departures if one.announced is announced)

    def total(self, name: str) -> float:
        """Return the sum over days of a number of theirs, such as `overrides`."""
        return float(sum(getattr(day, name) for day in self.days))

    def switches_per_day(self) -> dict[str, float]:
        """Return how often each device was switched on a day, in the mean."""
        names = sorted({name for day in self.days for name in day.switches})
        return {name: sum(day.switches.get(name, 0) for day in self.days) / len(self.days) for name in names}
