"""Drives one device: writes, waits for the proof, writes again, gives up; yields to people; ends in the safe state."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from homeagent.control.authorship import Act, author_of
from homeagent.control.edge import Edge
from homeagent.control.following import eases, hangs_on_load, mode_now
from homeagent.control.guard import same
from homeagent.control.proof import Observed, Verdict, judge
from homeagent.control.rivals import Rivals
from homeagent.control.wording import lease_left, worded
from homeagent.control.write_budget import WriteBudget
from homeagent.domain.command import (
    Command,
    CommandResult,
    Confirmed,
    Failed,
    FollowPolicy,
    Instruction,
    SafeState,
    Sent,
    SetCharge,
    SetMode,
    Skipped,
)
from homeagent.domain.errors import TransientError
from homeagent.domain.site import BatterySpec
from homeagent.domain.wiring import DeviceSpec, Value
from homeagent.hass.entities import Change, EntityState
from homeagent.hass.errors import StepRefusedError
from homeagent.hass.steps import StepRunner, shows

_LOGGER = logging.getLogger(__name__)

Standing: TypeAlias = Literal["idle", "driving", "yielded", "contested", "degraded"]

ATTEMPTS = 3
REST_AFTER_FAILURE = timedelta(minutes=30)
"""So long a device that gave no proof is left in its safe state before it is tried again."""
LOOK_EVERY_S = 0.5
RETRY_S = 2.0
SAFE_LEASE = timedelta(hours=1)
FOLLOW_EVERY_S, REST_S = 10.0, 20.0
"""How often the guard loop looks while what a device is told hangs on the load, and while it does not."""
LONGEST_UNSEEN_S = 60.0
"""So long the guard loop may leave a device alone that nothing is measured of."""
BLIND_FOR_S = 120.0
"""So long a policy is kept while nobody knows the state of charge or the net load that it is made for."""
REMEMBERED_CONTEXTS = 50
SUNNY_PART = 4
"""Surplus comes in a quarter of the day: following it may spend its share of the writes so much faster."""


class Sensors(Protocol):
    """What the driver may look at."""

    def observed(self, device: DeviceSpec) -> Observed:
        """Return what is measured of the device now."""

    def state(self, entity: str) -> EntityState | None:
        """Return an entity as Home Assistant shows it."""

    @property
    def user_id(self) -> str | None:
        """The user whose token the agent uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What a driver may bring about beside its device."""

    report: Callable[[CommandResult], None]
    tell: Callable[[str, str], None]
    """Tell the person: the device and a sentence."""
    untell: Callable[[str], None]
    acted: Callable[[str], None]
    """Say what a person did."""
    attend: Callable[[], None]
    """Hear the meters at once: an effect will be waited for."""
    now: Callable[[], datetime]
    zone: ZoneInfo
    """In which the person is told the time."""


class Driver:
    """One device. `obey` returns at once; what became of the command is reported when it is known."""

    def __init__(
        self, spec: DeviceSpec, battery: BatterySpec, runner: StepRunner, sensors: Sensors, effects: Effects
    ) -> None:
        self.spec = spec
        self.standing: Standing = "idle"
        self.why: str | None = None
        self.until: datetime | None = None
        self.budget = WriteBudget(spec.writes_per_day)
        self.entities = spec.entities()
        self.edge = Edge(spec)
        self._battery = battery
        self._runner = runner
        self._sensors = sensors
        self._effects = effects
        self._command: Command | None = None
        self._told: Instruction | None = None
        self._proved: Command | None = None
        self._asked: dict[str, Value] = {}
        self._contexts: deque[str] = deque(maxlen=REMEMBERED_CONTEXTS)
        self._rivals = Rivals()
        self._pen = asyncio.Lock()
        self._writing = False
        self._owes_safe = False
        self._settled_at: datetime | None = None
        self._told_at_net_kw: float | None = None
        self._doubted_s: float | None = None
        self._blind_s: float | None = None
        """Since when an effect is missed, and since when what a policy needs is not known: by the loop's clock."""
        self._work: asyncio.Task[None] | None = None

    def observed(self) -> Observed:
        """Return what is measured of the device."""
        return self._sensors.observed(self.spec)

    @property
    def in_charge(self) -> bool:
        """Whether the device stands where the agent put it, and not in its safe state."""
        return self.standing == "driving" and self._command is not None

    @property
    def set_otherwise(self) -> bool:
        """Whether the device may stand otherwise than it was commanded, and not by a hand that is still to be found.

        A guard or the fuse has moved it, it is in its safe state, or its hand was found.
        """
        if self.standing in {"yielded", "contested", "degraded"}:
            return True
        return self._told is not None and (self._command is None or self._told != self._command.instruction)

    @property
    def follows_kw(self) -> float | None:
        """What a charger that follows the surplus was told to draw, None while it does not follow."""
        command, told = self._command, self._told
        if not self.in_charge or command is None or not isinstance(command.instruction, SetCharge):
            return None
        return told.power_kw if command.instruction.surplus and isinstance(told, SetCharge) else None

    @property
    def forced_kw(self) -> float:
        """What a battery charges because it was told so: it would not by itself."""
        told, battery_kw = self._told, self.observed().battery_kw
        forced = isinstance(told, SetMode) and told.mode == "charge" and battery_kw is not None
        return max(-battery_kw, 0.0) if forced and battery_kw is not None else 0.0

    @property
    def charges_on(self) -> int | None:
        """The phases that a charger was told, None where it was told nothing."""
        return self._told.phases if isinstance(self._told, SetCharge) else None

    def obey(self, command: Command) -> CommandResult:
        """Begin to carry out a command; a newer one replaces an older one."""
        self.look(self._effects.now())
        if self.standing in {"yielded", "contested", "degraded"}:
            return Skipped(command=command, reason=self.why or self.standing)
        if isinstance(command.instruction, SafeState):
            self._begin(lambda: self._safely(command))
        else:
            self.standing, self._command, self._owes_safe = "driving", command, False
            self._begin(lambda: self._carry_out(command))
        return Sent(command=command)

    def restore(self, command: Command) -> None:
        """Take up a command of the run before, whose lease still holds: written again only if its effect is gone."""
        self.standing, self._command = "driving", command
        self._begin(lambda: self._carry_out(command, restored=True))

    def owe_safe_state(self) -> None:
        """Bring the device to its safe state unless it is told something first: a command of the run before ran out."""
        self._owes_safe = True

    def look(self, now: datetime) -> None:
        """End what has run out: a lease, a yielding, a rest after failure; and make up for a safe state still owed."""
        if self.until is not None and now >= self.until:
            self._clear()
        command = self._command
        run_out = self.in_charge and command is not None and now >= command.valid_until
        if run_out:
            _LOGGER.warning("%s: the lease has run out; it goes to its safe state", self.spec.name)
        if run_out or (self._owes_safe and not self._busy):
            self._begin(lambda: self._safely(None))

    def resume(self) -> bool:
        """Stop yielding because a person says so; return whether there was anything to stop."""
        if self.standing not in {"yielded", "contested", "degraded"}:
            return False
        self._clear()
        return True

    def saw(self, change: Change) -> None:
        """Judge a change of one of the entities that the agent commands."""
        if change.after is None or not change.after.present or self.standing in {"yielded", "contested"}:
            return
        before, after = change.before, change.after
        if before is not None and not after.differs(before):
            return
        now, asked = self._effects.now(), self._asked.get(change.entity_id)
        answered = self._settled_at is not None and not timedelta(0) <= now - self._settled_at < self.spec.answer
        act = Act(
            user_id=after.context.user_id,
            parent_id=after.context.parent_id,
            ours=after.context.id in self._contexts,
            as_told=None if asked is None else shows(after, asked),
            settling=self._writing or not answered or change.first,
        )
        author = author_of(act, self._sensors.user_id)
        if change.first and author != "person":
            self._find_lost(change.entity_id, act)
        elif author == "person" and not (change.first and before is None and act.as_told is None):
            self._yield(now, change.entity_id, after)
        elif author == "automation":
            if self._rivals.acted("automation", now):
                self._contest(now, f"another automation keeps setting {change.entity_id}; switch one of the two off")
            else:
                _LOGGER.warning("%s: another automation set %s", self.spec.name, change.entity_id)

    async def release(self) -> None:
        """Write the safe state if the agent holds the device, without waiting for its proof."""
        held = self.in_charge or self._owes_safe
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait([self._work])
        if held:
            self._command = None
            await self._write_safe()

    @property
    def in_doubt(self) -> bool:
        """Whether the guard loop waits for an effect, or for what it needs, to come back."""
        return self._doubted_s is not None or self._blind_s is not None

    def due_in_s(self, now: datetime) -> float:
        """Return when the guard loop must look, whatever is measured: soon while in doubt, and when a time runs out."""
        ends = [self.until, self._command.valid_until if self.in_charge and self._command is not None else None]
        left_s = [(end - now).total_seconds() for end in ends if end is not None]
        return min([FOLLOW_EVERY_S if self.in_doubt or self._moves else LONGEST_UNSEEN_S, *left_s])

    @property
    def _moves(self) -> bool:
        """Whether what it is told changes with time, even if nothing measured does."""
        return self.in_charge and (self.follows_kw is not None or math.isfinite(self.edge.most_kw))

    @property
    def pause_s(self) -> float:
        """How long nothing need be heard of the meters: not at all while an effect is waited for."""
        if self._busy:
            return 0.0
        told_at_the_grid = self.in_charge and self._told_at_net_kw is not None
        return FOLLOW_EVERY_S if told_at_the_grid or self.in_doubt or self._hangs_on_load() else REST_S

    def guard(self, *, linked: bool = True) -> None:
        """Keep a policy followed, and see that what was proved stays so. The guard loop's look.

        Without a link nothing is seen and nothing can be told: an effect is not missed then.
        """
        now, now_s = self._effects.now(), asyncio.get_running_loop().time()
        self.look(now)  # leases end even if the agent's rounds fail
        command, told = self._command, self._told
        if not self.in_charge or command is None or told is None or self._busy:
            self._doubted_s = self._blind_s = None
            return
        wanted = self._concrete(command.instruction)
        if wanted is None:
            self._blind_s = now_s if self._blind_s is None else self._blind_s
            if now_s - self._blind_s >= BLIND_FOR_S:
                self._blind_s = None
                self._go_safe(command, self._unknown)
            return
        self._blind_s = None
        if not linked:
            self._doubted_s = None
            return
        observed = self._sensors.observed(self.spec)
        if not same(wanted, told, self._battery) or self._load_has_moved(observed):
            if self._worth_a_write(wanted, told, now):
                self._begin(lambda: self._carry_out(command))
        elif judge(told, observed, self.spec.proof, self._battery).proved:
            self._doubted_s = None
        elif self._doubted_s is None:
            self._doubted_s = now_s
        elif now_s - self._doubted_s >= self.spec.proof.within.total_seconds():
            _LOGGER.warning("%s no longer does what it was told", self.spec.name)
            self._doubted_s = None
            self._begin(lambda: self._carry_out(command, stale=True))

    @property
    def _unknown(self) -> str:
        """What is missing where a command cannot be made concrete."""
        return {
            "battery": "the state of charge or the net load is not known",
            "charger": "the home's surplus is not known",
        }.get(self.spec.kind, "the temperature is not known")

    def _hangs_on_load(self) -> bool:
        """Return whether another net load would have the device be told something else."""
        command = self._command
        if not self.in_charge or command is None:
            return False
        if isinstance(command.instruction, SetCharge):
            return command.instruction.surplus
        if not isinstance(command.instruction, FollowPolicy):
            return False
        soc_kwh = self._sensors.observed(self.spec).soc_kwh
        policy, can = command.instruction.policy, self.spec.capability
        return soc_kwh is None or hangs_on_load(policy, self._battery, soc_kwh, can)

    def _load_has_moved(self, observed: Observed) -> bool:
        """Return whether a power told at the grid has become another one of the battery, because the load moved."""
        if self._told_at_net_kw is None or observed.net_kw is None:
            return False
        return abs(observed.net_kw - self._told_at_net_kw) > self.spec.proof.tolerance_kw / 2

    def _worth_a_write(self, wanted: Instruction, told: Instruction, now: datetime) -> bool:
        """Return whether to follow the load now: to less force at once, else as often as the writes left will last."""
        if isinstance(wanted, SetCharge) and isinstance(told, SetCharge):
            held_back = told.power_kw > self.edge.most_kw
            paced = self.follows_kw is not None and not held_back
            return not paced or self._settled_for(self.budget.pace(now) / SUNNY_PART, now)
        if not isinstance(wanted, SetMode) or not isinstance(told, SetMode) or eases(told, wanted, self._battery):
            return True
        return self._settled_for(self.budget.pace(now), now)

    def _settled_for(self, pause: timedelta, now: datetime) -> bool:
        return self._settled_at is None or not timedelta(0) <= now - self._settled_at < pause

    def _go_safe(self, command: Command, why: str) -> None:
        """Give up a command for want of what it needs; the agent may send another."""
        _LOGGER.warning("%s: %s; it goes to its safe state", self.spec.name, why)
        self._effects.report(Failed(command=command, reason=why))
        self._begin(lambda: self._safely(None))

    @property
    def _busy(self) -> bool:
        return self._work is not None and not self._work.done()

    def _begin(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = asyncio.create_task(self._replacing(self._work, work), name=f"driver {self.spec.name}")
        self._effects.attend()

    async def _replacing(self, older: asyncio.Task[None] | None, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` in place of an older one, which may finish the sequence that it is writing, but no more."""
        try:
            if older is not None and not older.done():
                async with self._pen:
                    older.cancel()
                await asyncio.wait([older])
            await work()
        except Exception:
            _LOGGER.exception("%s: driving failed", self.spec.name)
            self._degrade("an error inside the agent; see its log")

    async def _carry_out(self, command: Command, *, restored: bool = False, stale: bool = False) -> None:
        """Write until the effect is seen, at most `ATTEMPTS` times; `stale` distrusts what the entities show."""
        instruction = self._concrete(command.instruction)
        if instruction is None:
            self._effects.report(Failed(command=command, reason=self._unknown))
            return
        if restored:
            verdict = await self._wait_for_proof(instruction)
            if verdict.proved:
                self._told = instruction
                return
        seen = ""
        for attempt in range(1, ATTEMPTS + 1):
            now = self._effects.now()
            if self.budget.left(now) <= 0:
                seen = f"its {self.budget.per_day} writes a day are used up"
                break
            try:
                await self._write(instruction, lease_left(command, now), skip_shown=attempt == 1 and not stale)
            except TransientError as error:
                seen = f"no effect after {attempt} attempts: {error}"
                await asyncio.sleep(RETRY_S)
                continue
            verdict = await self._wait_for_proof(instruction)
            if verdict.proved:
                self._effects.untell(self.spec.name)
                if self._proved is not command:  # said once, however often a policy is followed to another power
                    self._effects.report(Confirmed(command=command, proof=verdict.seen, attempts=attempt))
                self._proved = command
                return
            seen = f"no effect after {attempt} attempts: {verdict.seen}"
        self._effects.report(Failed(command=command, reason=seen))
        self._degrade(seen)
        await self._write_safe()

    async def _write(self, instruction: Instruction, lease: timedelta, *, skip_shown: bool) -> None:
        local, net_kw = self._effects.now().astimezone(self._effects.zone), self._sensors.observed(self.spec).net_kw
        verb, variables = worded(instruction, lease, self._battery, self.spec, net_kw=net_kw, local=local)
        if verb not in self.spec.verbs:
            raise StepRefusedError(f"the configuration has no steps for {verb}")
        at_the_grid = self.spec.tells_the_grid(verb)
        if at_the_grid and net_kw is None:
            raise StepRefusedError("the home's net load is not known, and it is told a power at the grid")
        self._told_at_net_kw = net_kw if at_the_grid else None
        async with self._pen:
            self._writing, self._told = True, instruction
            self._asked.clear()
            try:
                await self._runner.run(
                    self.spec.verbs[verb],
                    variables,
                    patience_s=self.spec.answer.total_seconds(),
                    skip_shown=skip_shown,
                    log=self,
                )
            finally:
                self._writing, self._settled_at = False, self._effects.now()

    def asked(self, entity: str, value: Value) -> None:
        """Note what an entity is given."""
        self._asked[entity] = value

    def called(self, context: str) -> None:
        """Note a call that was made."""
        self._contexts.append(context)
        self.budget.spend(self._effects.now(), 1)

    async def _wait_for_proof(self, instruction: Instruction) -> Verdict:
        clock_s = asyncio.get_running_loop().time  # which no one sets
        deadline_s = clock_s() + self.spec.proof.within.total_seconds()
        while True:
            verdict = judge(instruction, self._sensors.observed(self.spec), self.spec.proof, self._battery)
            if verdict.proved or clock_s() >= deadline_s:
                return verdict
            await asyncio.sleep(LOOK_EVERY_S)

    async def _safely(self, command: Command | None) -> None:
        """Bring the device to its safe state; `command` is who asked for it, None where the lease ran out."""
        await self._write_safe()
        self._command = None
        if self.standing == "driving":
            self.standing = "idle"
        if command is not None and self.spec.left_running:
            self._effects.report(Confirmed(command=command, proof="it is left as it is"))
        elif command is not None and not self._owes_safe:
            verdict = await self._wait_for_proof(self._safe())
            done = Confirmed(command=command, proof=verdict.seen) if verdict.proved else None
            self._effects.report(done or Failed(command=command, reason=verdict.seen))

    async def _write_safe(self) -> None:
        """Write the safe state, whatever the budget says. If the link is down it is owed."""
        if self.spec.left_running:
            self._owes_safe = False
            return
        try:
            await self._write(self._safe(), SAFE_LEASE, skip_shown=True)
        except TransientError as error:
            _LOGGER.warning("%s: its safe state could not be written: %s", self.spec.name, error)
            self._owes_safe = True
        else:
            self._owes_safe = False

    def _safe(self) -> Instruction:
        """Return the safe state as it can be told: a relay that nobody will switch any more is as it should be now."""
        return self._concrete(self.spec.safe) or self.spec.safe

    def _concrete(self, instruction: Instruction) -> Instruction | None:
        """Return what can be told: a policy becomes the mode that it asks for at the measured net load."""
        observed = self._sensors.observed(self.spec)
        if not isinstance(instruction, FollowPolicy):
            return self.edge.concrete(instruction, observed, asyncio.get_running_loop().time())
        if observed.soc_kwh is None or observed.net_kw is None:
            return None
        can, apart_kw = self.spec.capability, observed.apart_kw or 0.0
        return mode_now(instruction.policy, self._battery, observed.soc_kwh, observed.net_kw, can, apart_kw=apart_kw)

    def _find_lost(self, entity: str, act: Act) -> None:
        """See after a reconnect whether the device still is what it was told; if not it is told once more."""
        if self.in_charge and self._command is not None and act.as_told is False:
            _LOGGER.warning("%s: %s is not what it was told; telling it again", self.spec.name, entity)
            command = self._command
            self._begin(lambda: self._carry_out(command))

    def _yield(self, now: datetime, entity: str, after: EntityState) -> None:
        signed = after.context.user_id not in {None, self._sensors.user_id}
        if not signed and self._rivals.acted("unsigned", now):
            self._contest(now, f"something keeps setting {entity}: the device's own logic, or another controller of it")
            return
        hours = self.spec.yield_for
        self.until = None if hours is None else now + hours
        until = "until you resume it"
        if self.until is not None:
            until = f"until {self.until.astimezone(self._effects.zone):%H:%M}, or {until}"
        who = "a person" if signed else "somebody at the device"
        act = f"{who} set {entity} to {after.shown}"
        self._give_up("yielded", f"{act}; left alone {until}")
        self._effects.acted(act)

    def _contest(self, now: datetime, what: str) -> None:
        self.until = now + (self.spec.yield_for or timedelta(days=1))
        why = f"{what}. The agent does not fight it"
        self._give_up("contested", why)
        self._effects.tell(self.spec.name, why)

    def _degrade(self, reason: str) -> None:
        self.until = self._effects.now() + REST_AFTER_FAILURE
        self._stand("degraded", reason)
        self._effects.tell(self.spec.name, f"{reason}. It is left in its safe state and tried again later")

    def _give_up(self, standing: Standing, why: str) -> None:
        """Leave the device to somebody else."""
        if self._command is not None:
            self._effects.report(Skipped(command=self._command, reason=why))
        self._owes_safe = False
        if self._work is not None:
            self._work.cancel()
        self._stand(standing, why)

    def _stand(self, standing: Standing, why: str) -> None:
        _LOGGER.warning("%s is %s: %s", self.spec.name, standing, why)
        self.standing, self.why, self._command, self._told = standing, why, None, None

    def _clear(self) -> None:
        self._effects.untell(self.spec.name)
        self.standing, self.why, self.until = "idle", None, None
