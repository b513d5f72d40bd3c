"""What an agent is given at its start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from homeagent.agent.commander import Limits
from homeagent.agent.observer import SOC_STALE_AFTER
from homeagent.agent.remembering import Outlook
from homeagent.domain.command import AgentMode
from homeagent.domain.devices import DeviceKnown
from homeagent.domain.expectations import Absence
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.learning import LearningRules
from homeagent.domain.site import SiteSpec
from homeagent.domain.thinking import ADAPTIVE, GovernorRules
from homeagent.domain.wiring import Timetable
from homeagent.domain.wishes import Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What an agent is given at its start; all of it comes from the configuration."""

    site: SiteSpec
    capability: InverterCapability
    mode: AgentMode
    observation_step: timedelta
    plan_step: timedelta | None = None
    governor: GovernorRules = ADAPTIVE
    minimum_hold: timedelta = timedelta(0)
    timetables: tuple[Timetable, ...] = ()
    soc_stale_after: timedelta = SOC_STALE_AFTER
    learning: LearningRules | None = None
    """None leaves forecasts to the floor."""
    outlook: Outlook | None = None
    absences: tuple[Absence, ...] = ()
    """When nobody will be at home, as it is configured."""
    watchful: bool = True
    """Whether it looks for anomalies."""
    devices: tuple[DeviceKnown, ...] = ()
    """Beside the battery; each has a wish of its kind by its name."""
    wishes: Mapping[str, Wish] = field(default_factory=dict)
    replayable: bool = False
    """Whether each plan's whole input is kept, so that it can be made again."""

    def limits(self) -> Limits:
        """Return within which commands are given."""
        return Limits(
            mode=self.mode,
            battery=self.site.battery,
            capability=self.capability,
            minimum_hold=self.minimum_hold,
            timezone=self.site.timezone,
            devices={device.name: device for device in self.devices},
        )
