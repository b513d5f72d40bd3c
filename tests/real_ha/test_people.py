"""Who turned the knob? A person is obeyed, another automation is not fought, the agent knows its own hand."""

from __future__ import annotations

import asyncio
from pathlib import Path

from real_ha.lab import Lab
from real_ha.rig import Rig, configured, rig, until

from homeagent.domain.command import Confirmed, SetMode, Skipped

HOLD = SetMode(mode="hold")


async def yielded(home: Rig) -> None:
    await until(lambda: home.standing("battery") == "yielded", 5)
    assert isinstance(await home.tell("battery", HOLD), Skipped)


def test_a_person_is_obeyed_until_the_agent_is_told_to_resume(lab: Lab, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(configured(lab, tmp_path)) as home:
            await home.charge(2.0, 10)
            lab.call("select.select_option", "select.good_mode", option="discharge")
            await yielded(home)
            assert any("a person set select.good_mode to discharge" in problem for problem in home.home.problems())
            await asyncio.sleep(6)  # the guard loop has looked, and let it be
            assert lab.state("select.good_mode") == "discharge"
            assert home.home.resume("battery") is True
            assert isinstance(await home.outcome("battery", HOLD, 10), Confirmed)

    asyncio.run(scenario())


def test_a_person_who_acts_while_the_agent_is_writing_is_obeyed_too(lab: Lab, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(configured(lab, tmp_path, battery="late", answer="20", within="30")) as home:
            await home.tell("battery", SetMode(mode="charge", power_kw=2.0))
            await until(lambda: lab.state("select.late_mode") == "charge", 5)
            lab.call("select.select_option", "select.late_mode", option="discharge")
            await yielded(home)
            assert lab.state("select.late_mode") == "discharge"

    asyncio.run(scenario())


def test_a_value_that_nobody_told_is_a_person_at_the_device(lab: Lab, tmp_path: Path) -> None:
    """The change carries the agent's own user, as one does that Home Assistant takes for the agent's."""

    async def scenario() -> None:
        async with rig(configured(lab, tmp_path)) as home:
            await home.charge(2.0, 10)
            await asyncio.sleep(1.5)  # its answer time
            lab.call("input_select.select_option", "input_select.good_mode", user="agent", option="hold")
            await yielded(home)
            assert any("somebody at the device set" in problem for problem in home.home.problems())

    asyncio.run(scenario())


def test_a_device_with_a_will_of_its_own_is_not_fought(lab: Lab, tmp_path: Path) -> None:
    """A charger's own logic signs nothing: yielded to twice, the third time it is called what it is."""

    async def scenario() -> None:
        async with rig(configured(lab, tmp_path)) as home:
            for time in range(3):
                await home.charge(2.0, 10)
                await asyncio.sleep(1.5)
                lab.call("input_select.select_option", "input_select.good_mode", user="agent", option="hold")
                await until(lambda: home.standing("battery") in {"yielded", "contested"}, 5)
                assert home.standing("battery") == ("contested" if time == 2 else "yielded")
                home.home.resume("battery")

    asyncio.run(scenario())


def test_what_the_agent_wrote_is_never_taken_for_a_person(lab: Lab, tmp_path: Path) -> None:
    """Seven seconds after a call Home Assistant no longer knows whose it was: new contexts mean nothing."""

    async def scenario() -> None:
        async with rig(configured(lab, tmp_path, battery="late", answer="70", within="70")) as home:
            for mode in (SetMode(mode="charge", power_kw=2.0), SetMode(mode="discharge", power_kw=1.0)):
                await home.tell("battery", mode)
                await asyncio.sleep(1)
            lab.sim(load=1500)
            await asyncio.sleep(7)
            assert home.standing("battery") == "driving"

    asyncio.run(scenario())


def test_another_automation_is_warned_of_and_not_fought(lab: Lab, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(configured(lab, tmp_path, within="1")) as home:
            await home.charge(2.0, 10)
            for _ in range(2):
                await asyncio.sleep(1.5)
                lab.sim(meddle=True)
                await until(lambda: lab.state("select.good_mode") == "hold", 5)
                await until(lambda: lab.state("select.good_mode") == "charge", 20)  # told again, so far
                lab.sim(meddle=False)
            await asyncio.sleep(1.5)
            lab.sim(meddle=True)
            await until(lambda: home.standing("battery") == "contested", 5)
            await until(lambda: "homeagent_battery" in lab.notifications(), 5)
            with lab.witness() as witness:
                assert isinstance(await home.tell("battery", HOLD), Skipped)
                await asyncio.sleep(6)
            assert witness.writes() == []

    asyncio.run(scenario())
