"""The judgement of a supervised test, on batteries of every kind: what is wrong with them is found, and only that."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from homeagent.control.actuator_plan import APART_KW, Leg, legs_of, unfit, unknown
from homeagent.control.actuator_report import Course, concluded
from homeagent.control.actuator_trial import Sample, Trial
from homeagent.control.actuator_verdict import arrived
from homeagent.control.proof import TAPER, Observed
from homeagent.domain.actuator import ActuatorReport, Setting
from homeagent.domain.command import SetMode, SetSwitch
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.site import BatterySpec, GridLimits
from homeagent.domain.wiring import DeviceSpec, Meters, MeterSource, MeterSpec, ProofSpec, Ranges

SPEC = BatterySpec(capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5, min_soc_kwh=1)
BATTERY = DeviceSpec(
    name="battery",
    kind="battery",
    verbs=dict.fromkeys(("self_consumption", "charge", "discharge", "hold"), ()),
    safe=SetMode(mode="self_consumption"),
)
BACK = Leg(verb="self_consumption", told=SetMode(mode="self_consumption"))
EVERY_S = 0.5


def meter(quantity: str, entity: str) -> MeterSpec:
    return MeterSpec(quantity=quantity, sources=(MeterSource(entity=entity),), low_kw=-70, high_kw=70)


METERS = Meters(
    powers=(meter("grid_kw", "sensor.grid"), meter("battery_kw", "sensor.battery")), soc="sensor.soc", capacity_kwh=10
)


@dataclass(frozen=True, kw_only=True)
class Home:
    """A home with a battery that may be late, deaf, coarse, noisy, or wired the wrong way round."""

    load_kw: float = 1.0
    answer_s: float = 1.0
    noise_kw: float = 0.0
    step_kw: float = 0.0
    least_kw: float = 0.0
    share: float = 1.0
    deaf: bool = False
    meter_sign: int = 1
    grid_sign: int = 1
    command_sign: int = 1

    def does_kw(self, leg: Leg | None) -> float:
        """Return what the battery really does, + discharging."""
        if leg is None or self.deaf or leg.asked_kw is None:
            return min(max(self.load_kw, -5.0), 5.0)
        kw = abs(leg.asked_kw)
        kw = (
            0.0
            if kw < self.least_kw
            else kw
            if self.step_kw == 0
            else math.floor(kw / self.step_kw + 1e-9) * self.step_kw
        )
        return self.command_sign * math.copysign(min(self.share * kw, 5.0), leg.asked_kw)

    def sample(self, seconds: float, kw: float) -> Sample:
        wave_kw = self.noise_kw * math.sin(7 * seconds)
        battery_kw = self.meter_sign * (kw + wave_kw)
        grid_kw = self.grid_sign * (self.load_kw - kw - wave_kw)
        observed = Observed(battery_kw=battery_kw, net_kw=grid_kw + battery_kw, soc_kwh=5.0)
        return Sample(seconds=seconds, observed=observed, grid_kw=grid_kw)

    def tested(self, limits: GridLimits = GridLimits(), device: DeviceSpec = BATTERY) -> ActuatorReport:  # noqa: B008 - frozen
        rest = tuple(self.sample(EVERY_S * index, self.does_kw(None)) for index in range(12))
        legs, left = legs_of(device, rest[-1].observed, SPEC, limits, 0.0)
        trials, before, last_kw = [], rest, self.does_kw(None)
        for leg in (*legs, BACK):
            new_kw = self.does_kw(leg)
            times = [EVERY_S * index for index in range(int((self.answer_s + 8) / EVERY_S))]
            after = tuple(self.sample(at, last_kw if at < self.answer_s else new_kw) for at in times)
            least_s = 1.5 * self.answer_s if leg.extra else 0.0
            rest_kw = rest[-1].observed.battery_kw or 0.0
            trials.append(Trial(leg=leg, before=before, after=after, rest_kw=rest_kw, patience_s=5, least_s=least_s))
            before, last_kw = after, new_kw
        course = Course(at=datetime(2026, 1, 1, tzinfo=UTC), seconds=60, trials=tuple(trials), left=tuple(left))
        return concluded(device, course, SPEC, METERS)


def verdicts(report: ActuatorReport) -> dict[str, str]:
    return {one.verb: one.verdict for one in reversed(report.tried)}


def numbers(report: ActuatorReport) -> dict[str, Setting]:
    return {".".join(number.key): number.value for number in report.numbers}


homes = st.builds(
    Home,
    load_kw=st.floats(-4.5, 4.5),
    answer_s=st.floats(0.3, 20),
    noise_kw=st.floats(0, 0.05),
)


@settings(deadline=None, max_examples=60)
@given(homes)
def test_a_good_battery_is_found_good(home: Home) -> None:
    report = home.tested()
    assert report.works
    assert report.warnings == ()
    charge = next(one for one in report.tried if one.verb == "charge")
    assert charge.answer_seconds == pytest.approx(home.answer_s, abs=2 * EVERY_S)
    found = numbers(report)
    assert isinstance(seconds := found["battery.steering.answer_seconds"], float)
    assert isinstance(within := found["battery.steering.proof.within_seconds"], float)
    assert home.answer_s <= seconds <= within
    assert isinstance(tolerance := found["battery.steering.proof.tolerance_kw"], float)
    assert home.noise_kw <= tolerance <= 0.3
    assert not any(key.startswith(("meters", "battery.inverter")) for key in found)


@settings(deadline=None, max_examples=60)
@given(homes, st.sampled_from([(-1, 1, 1), (1, -1, 1), (1, 1, -1)]))
def test_what_is_wired_the_wrong_way_round_is_named(home: Home, signs: tuple[int, int, int]) -> None:
    meter_sign, grid_sign, command_sign = signs
    home = replace(home, meter_sign=meter_sign, grid_sign=grid_sign, command_sign=command_sign)
    report = home.tested()
    named = " ".join(report.warnings)
    assert ("battery's meter counts backwards" in named) == (meter_sign < 0)
    assert ("grid's meter counts backwards" in named) == (grid_sign < 0)
    assert ("commands are the wrong way round" in named) == (command_sign < 0)
    assert ("meters.battery" in numbers(report)) == (meter_sign < 0)
    assert ("meters.grid" in numbers(report)) == (grid_sign < 0)
    assert verdicts(report)["charge"] == ("wrong way" if command_sign < 0 else "works")


@settings(deadline=None, max_examples=60)
@given(homes, st.sampled_from([3.0, 10.0]))
def test_far_more_than_was_told_never_works(home: Home, times: float) -> None:
    """Power in per cent, for each phase, or watts where kilowatts are meant."""
    report = replace(home, share=times).tested()
    charges = [one for one in report.tried if one.verb == "charge"]
    assert not report.works
    assert [one.verdict for one in charges if one.verdict != "not clear"][:1] in (["too much"], ["no effect"])
    clear_of_it = abs(-min(times * abs(charges[0].asked_kw or 0.0), 5.0) - home.does_kw(None)) > APART_KW + 0.1
    assert charges[0].verdict == "too much" or not clear_of_it
    assert not any(key.startswith("battery.steering.answer") for key in numbers(report))


@settings(deadline=None, max_examples=60)
@given(homes, st.floats(0.55, 0.95))
def test_somewhat_less_than_was_told_is_no_fault(home: Home, share: float) -> None:
    """A battery that is cold, or counts at its own side; where that is what it does by itself it cannot be told."""
    report = replace(home, share=share).tested()
    for one in report.tried:
        clear_of_it = one.reached_kw is None or abs(one.reached_kw - home.does_kw(None)) >= APART_KW + 0.1
        assert one.verdict in {"works", "not clear", "not tried"} or not clear_of_it


@settings(deadline=None, max_examples=60)
@given(homes)
def test_a_deaf_battery_has_no_effect_and_no_numbers(home: Home) -> None:
    report = replace(home, deaf=True).tested()
    assert {one.verdict for one in report.tried} <= {"no effect", "not clear", "not tried"}
    assert verdicts(report)["charge"] == "no effect"
    assert report.numbers == ()
    assert not report.works


@given(st.floats(-4, 4), st.floats(0, 12), st.floats(0, 12), st.sampled_from([1, -1]))
def test_no_power_that_is_told_breaks_a_limit(load_kw: float, most_in: float, most_out: float, sign: int) -> None:
    """Whichever way the battery's meter counts."""
    home = Home(load_kw=load_kw, meter_sign=sign)
    observed = home.sample(0, home.does_kw(None)).observed
    limits = GridLimits(max_import_kw=most_in, max_export_kw=most_out)
    legs, left = legs_of(BATTERY, observed, SPEC, limits, 0.0)
    for leg in legs:
        if leg.asked_kw:
            assert -most_out - 1e-6 <= load_kw - leg.asked_kw <= most_in + 1e-6
            assert abs(abs(leg.asked_kw) - abs(home.does_kw(None))) >= APART_KW / 2 - 1e-6
    assert {leg.verb for leg in legs} | {one.verb for one in left} == {"charge", "hold", "discharge"}


def test_steps_and_the_least_power_are_seen() -> None:
    coarse = Home(step_kw=0.25, load_kw=0.0).tested()
    assert numbers(coarse)["battery.inverter.power_step_kw"] == 0.25
    sluggish = Home(least_kw=1.0, load_kw=0.0).tested()
    assert numbers(sluggish)["battery.inverter.min_power_kw"] == 1.37
    assert "battery.inverter.power_step_kw" not in numbers(sluggish)


@pytest.mark.parametrize(("waited_s", "given_times"), [(20, True), (40, False)])
def test_an_answer_that_was_missed_takes_the_times_back(waited_s: int, *, given_times: bool) -> None:
    """One that was read by luck says nothing of the others; one that was not waited for takes nothing back."""
    home = Home(answer_s=30)
    rest = tuple(home.sample(EVERY_S * index, 1.0) for index in range(12))
    charge, _more, hold, _discharge = legs_of(BATTERY, rest[-1].observed, SPEC, GridLimits(), 0.0)[0]
    told_kw = home.does_kw(charge)
    after = tuple(home.sample(at / 2, 1.0 if at < 60 else told_kw) for at in range(80))
    held = tuple(home.sample(at / 2, told_kw) for at in range(2 * waited_s + 1))
    trials = (
        Trial(leg=charge, before=rest, after=after, rest_kw=1.0),
        Trial(leg=hold, before=after, after=held, rest_kw=1.0),
    )
    report = concluded(BATTERY, Course(at=datetime(2026, 1, 1, tzinfo=UTC), seconds=90, trials=trials), SPEC, METERS)
    assert [one.verdict for one in report.tried] == ["works", "too slow"]
    assert ("battery.steering.answer_seconds" in numbers(report)) == given_times


def test_powers_keep_to_what_a_profile_allows() -> None:
    observed = Home().sample(0, 1.0).observed
    stepped = replace(BATTERY, ranges=Ranges(power_step_w=100), capability=InverterCapability(min_power_kw=0.6))
    powers = [abs(leg.asked_kw) for leg in legs_of(stepped, observed, SPEC, GridLimits(), 0)[0] if leg.asked_kw]
    assert powers
    assert all(kw == pytest.approx(round(kw, 1)) and kw >= 0.6 for kw in powers)
    full = replace(BATTERY, capability=InverterCapability(sets_power=False, discharges=False))
    legs, _ = legs_of(full, observed, SPEC, GridLimits(), 0)
    assert [(leg.verb, leg.told, leg.asked_kw) for leg in legs if leg.asked_kw] == [
        ("charge", SetMode(mode="charge"), -5.0)
    ]
    none_fits, left = legs_of(full, observed, SPEC, GridLimits(max_import_kw=4), 0)
    assert [leg.verb for leg in none_fits] == ["hold"]
    assert [one.verb for one in left] == ["charge"]


@given(st.floats(0, 1))
def test_a_battery_near_its_ends_is_not_tested(share: float) -> None:
    observed = Observed(battery_kw=0.0, net_kw=0.0, soc_kwh=10 * share)
    fits = SPEC.min_soc_kwh / 10 + TAPER < share < 1 - TAPER
    assert (unfit(BATTERY, observed, SPEC) is None) == fits


@pytest.mark.parametrize("missing", ["battery_kw", "net_kw", "soc_kwh"])
def test_a_battery_that_nobody_measures_is_not_tested(missing: str) -> None:
    whole = Observed(battery_kw=0.0, net_kw=0.0, soc_kwh=5.0)
    assert unknown(BATTERY, whole) is None
    assert unknown(BATTERY, replace(whole, **{missing: None})) is not None


@given(st.floats(0.5, 3), st.floats(0.0, 0.4))
def test_a_load_that_moves_is_not_taken_for_an_answer(first_kw: float, apart: float) -> None:
    """A deaf battery goes on covering the home; its power moves with the load, even to what was asked."""
    home = Home(load_kw=first_kw, deaf=True)
    rest = tuple(home.sample(EVERY_S * index, first_kw) for index in range(12))
    legs, _ = legs_of(BATTERY, rest[-1].observed, SPEC, GridLimits(), 0.0)
    leg = next(leg for leg in legs if leg.verb == "discharge")
    assume(leg.asked_kw is not None)
    later = replace(home, load_kw=(leg.asked_kw or 0.0) + apart)
    after = tuple(later.sample(EVERY_S * index, later.load_kw) for index in range(60))
    trial = Trial(leg=leg, before=rest, after=after, rest_kw=first_kw)
    assert not arrived(trial, SPEC) or apart < 1e-9


def test_a_threshold_tells_a_standby_from_running() -> None:
    device = DeviceSpec(
        name="pump", kind="switch", verbs={"on": (), "off": ()}, safe=SetSwitch(on=False), proof=ProofSpec(entity="s.p")
    )

    def trial(leg: Leg, kw: float) -> Trial:
        sample = Sample(seconds=10, observed=Observed(running=kw > 0.05), drawn_kw=kw)
        return Trial(leg=leg, before=(sample,), after=(sample,), patience_s=5)

    on, off = Leg(verb="on", told=SetSwitch(on=True)), Leg(verb="off", told=SetSwitch(on=False))
    course = Course(at=datetime(2026, 1, 1, tzinfo=UTC), seconds=20, trials=(trial(on, 0.66), trial(off, 0.06)))
    report = concluded(device, course, SPEC, METERS)
    assert verdicts(report) == {"on": "works", "off": "no effect"}
    assert numbers(report) == {"appliances.pump.steering.proof.on_above_kw": pytest.approx(0.26)}
