"""What a home can shift beside its battery: what the devices are, and how they stand.

Powers are electrical [kW] and drawn from the home, never negative unless said. Efficiencies are fractions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from homeagent.domain.grid import FloatArray, frozen_array

DeviceClass: TypeAlias = Literal["car", "heat", "tank", "appliance", "hours"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadiness:
    """How rarely a device may be switched: it stays on or off for at least so long, so many times a day at most."""

    min_on: timedelta = timedelta(0)
    min_off: timedelta = timedelta(0)
    starts_per_day: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class CarSpec:
    """A car at its charger: nothing flows below `min_charge_kw` on the fewest phases.

    `phases` are those that the charger can use: (1,), (3,), or (1, 3) where it can change. `max_charge_kw` holds on
    the most of them. A discharge to the home (`max_discharge_kw` > 0) never takes the car below `min_soc_kwh`.
    """

    name: str
    max_charge_kw: float
    min_charge_kw: float = 1.38
    phases: tuple[int, ...] = (1,)
    capacity_kwh: float | None = None
    charge_efficiency: float = 0.9
    max_discharge_kw: float = 0.0
    discharge_efficiency: float = 0.9
    min_soc_kwh: float = 0.0
    wear_per_kwh: float = 0.0
    from_battery: bool = False
    """Whether the house battery may discharge into the car."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CopCurve:
    """The coefficient of performance by outdoor temperature [degC], held at its ends; a plain heater has 1 anywhere."""

    outdoor_c: FloatArray = field(default_factory=lambda: frozen_array([0.0]))
    cop: FloatArray = field(default_factory=lambda: frozen_array([1.0]))

    def __post_init__(self) -> None:
        object.__setattr__(self, "outdoor_c", frozen_array(self.outdoor_c))
        object.__setattr__(self, "cop", frozen_array(self.cop))

    def __repr__(self) -> str:
        return f"CopCurve({self.outdoor_c.tolist()}, {self.cop.tolist()})"


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseModel:
    """A house's heat as one node (`mass_kwh_per_k` 0) or two: the air, and the mass that it exchanges heat with.

    C_air dTa/dt = K_mass (Tm - Ta) + K_out (To - Ta) + sun_m2 * irradiance + gains + heat
    C_mass dTm/dt = K_mass (Ta - Tm)
    """

    air_kwh_per_k: float
    out_kw_per_k: float
    mass_kwh_per_k: float = 0.0
    mass_kw_per_k: float = 0.0
    sun_m2: float = 0.0
    gains_kw: float = 0.0
    error_k_24h: float = 0.5
    """How far off, as a standard error, the model's air temperature is after 24 hours [K]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatSpec:
    """What heats or cools a house, with the guards that no plan may cross."""

    name: str
    purpose: Literal["heating", "cooling"]
    max_kw: float
    min_kw: float = 0.0
    """Below this it is off; equal to `max_kw` where it is only on or off."""
    cop: CopCurve = field(default_factory=CopCurve)
    guard_low_c: float = 8.0
    guard_high_c: float = 30.0
    dead_band_k: float = 0.3
    steadiness: Steadiness = Steadiness(min_on=timedelta(minutes=15), min_off=timedelta(minutes=15))
    phases: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TankSpec:
    """A tank of hot water and what heats it. Water below `useful_c` is of no use.

    `layered` says how much of a tank that has been heated through to `useful_c` can be drawn hot while cold water comes
    in below: 0 is a mixed tank, which is empty of use once its mean is `useful_c`; upright ones have 0.6 to 0.9.
    """

    name: str
    litres: float
    max_kw: float
    min_kw: float | None = None
    """It can draw anything from here to `max_kw`, as an immersion heater behind a diverter can; None: on or off."""
    loss_kw_per_k: float = 0.002
    room_c: float = 18.0
    cold_c: float = 10.0
    useful_c: float = 45.0
    max_c: float = 65.0
    cop: CopCurve = field(default_factory=CopCurve)
    hygiene_c: float = 60.0
    hygiene_every: timedelta | None = timedelta(days=7)
    """How often the whole tank must reach `hygiene_c` against legionella; None: it need not."""
    dead_band_k: float = 3.0
    steadiness: Steadiness = Steadiness(min_on=timedelta(minutes=15), min_off=timedelta(minutes=15))
    layered: float = 0.0
    phases: int = 1

    @property
    def kwh_per_k(self) -> float:
        """The heat that warms the tank by a degree."""
        return self.litres * 4.186 / 3600

    @property
    def empty_c(self) -> float:
        """The mean temperature at which nothing hot can be drawn any more."""
        return self.useful_c - self.layered * max(self.useful_c - self.cold_c, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ApplianceSpec:
    """Something that runs its programme to the end once started: means of minutes, from its first on, shape (n,) [kW].

    `switched` False: a person starts it, and is told the best time.
    """

    name: str
    profile_kw: FloatArray
    switched: bool = True
    after: str | None = None
    """The appliance that must have ended before this one begins: the dryer after the washing."""
    phases: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "profile_kw", frozen_array(self.profile_kw))

    def __repr__(self) -> str:
        return f"ApplianceSpec({self.name}, {self.profile_kw.tolist()}, {self.switched}, {self.after}, {self.phases})"

    @property
    def lasts(self) -> timedelta:
        """How long its programme is."""
        return timedelta(minutes=len(self.profile_kw))


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursSpec:
    """Something that has to run so many hours a day in blocks no shorter than `min_block`: a pool pump."""

    name: str
    rated_kw: float
    hours_per_day: float
    min_block: timedelta = timedelta(hours=1)
    from_min: int = 0
    until_min: int = 1440
    """Minutes after the local midnight between which it may run."""
    phases: int = 1


DeviceKnown: TypeAlias = CarSpec | HeatSpec | TankSpec | ApplianceSpec | HoursSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """How a device stands at `at`; what it does not tell, or is not to be trusted, is None, with `stale` saying why.

    `stored_kwh` is in a car's battery, `asked_kwh` what its charger still is to give (at the charger). `air_c` is of
    the room, `water_c` of the tank. `since` is since when it is on or off as it is.
    """

    name: str
    at: datetime
    power_kw: float | None = None
    on: bool | None = None
    since: datetime | None = None
    plugged: bool | None = None
    stored_kwh: float | None = None
    asked_kwh: float | None = None
    leaves_at: datetime | None = None
    """When somebody said that the car leaves."""
    air_c: float | None = None
    target_c: float | None = None
    water_c: float | None = None
    ready_to_run: bool | None = None
    """Whether an appliance is loaded and waits to be started; `ready_by` is when it should have ended."""
    ready_by: datetime | None = None
    stale: str | None = None
