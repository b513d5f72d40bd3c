"""Which of a home's entities are a profile's roles. Pure: looks at what was found, asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from homeagent.config.profile import DEVICE, Profile, RoleSettings
from homeagent.domain.discovery import FoundEntity

GENERAL = frozenset({"input_number", "input_select", "modbus", "mqtt", "template"})
"""Integrations that many things come through: that they are there says nothing of a device."""
_KNOWN, _BY_ID, _BY_NAME = 3, 2, 1
"""How sure a match is: by translation key, by unique id, by entity id, which its owner may have changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingRole:
    """A role that no entity was found for, or one that is disabled."""

    role: str
    needed: bool
    remedy: str
    disabled: str | None = None
    """The entity that would do if it were enabled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A profile held against one device: the entity (or the device's id) of each role, and what is missing."""

    profile: str
    entities: Mapping[str, str]
    missing: tuple[MissingRole, ...] = ()
    device_id: str | None = None

    @property
    def complete(self) -> bool:
        """Whether everything is there that the profile cannot do without."""
        return not any(role.needed for role in self.missing)


def match(profile: Profile, entities: Sequence[FoundEntity]) -> Binding | None:
    """Return the best binding, None where nothing of the home fits the profile."""
    found = match_all(profile, entities)
    return found[0] if found else None


def match_all(profile: Profile, entities: Sequence[FoundEntity]) -> tuple[Binding, ...]:
    """Return one binding for each device that the profile fits, the most complete first."""
    ours = _of_integration(profile, entities)
    bindings: list[Binding] = []
    for entry in sorted({entity.config_entry_id or "" for entity in ours}):
        group = [entity for entity in ours if (entity.config_entry_id or "") == entry]
        candidates = {role: _candidates(settings, group) for role, settings in profile.roles.items()}
        owner = _owners(profile)
        needed = [role for role, settings in profile.roles.items() if settings.needed is True]
        devices = sorted({owner(entity) for role in needed for entity in candidates[role]})
        bindings += [_bind(profile, candidates, device, owner) for device in devices]
    return tuple(_without_parts(sorted(bindings, key=_completeness)))


def match_home(profiles: Sequence[Profile], entities: Sequence[FoundEntity]) -> tuple[Binding, ...]:
    """Return one binding for each device that any of the profiles fits: the most complete, then the most special."""
    general = {profile.name: not profile.integrations for profile in profiles}
    found = [binding for profile in profiles for binding in match_all(profile, entities)]
    return tuple(
        _without_parts(sorted(found, key=lambda b: (_completeness(b)[:2], general[b.profile], _completeness(b))))
    )


def absent(profile: Profile, entities: Sequence[FoundEntity]) -> tuple[MissingRole, ...]:
    """Return what is missing where the integration is there, but nothing that the profile could use."""
    special = {*profile.integrations} - GENERAL
    if not any(entity.platform in special for entity in entities) or match(profile, entities) is not None:
        return ()
    return tuple(_missing(role, settings) for role, settings in profile.roles.items() if settings.needed is True)


def _of_integration(profile: Profile, entities: Sequence[FoundEntity]) -> list[FoundEntity]:
    return [entity for entity in entities if not profile.integrations or entity.platform in profile.integrations]


def _completeness(binding: Binding) -> tuple[bool, int, str, tuple[str, ...]]:
    return not binding.complete, -len(binding.entities), binding.profile, tuple(binding.entities.values())


def _without_parts(bindings: Sequence[Binding]) -> Iterator[Binding]:
    """Leave out what shares an entity with a better binding: a battery beside the inverter that holds its controls."""
    taken: set[str] = set()
    for binding in bindings:
        names = {*binding.entities.values(), *(role.disabled for role in binding.missing if role.disabled)}
        if not names & taken:
            taken |= names
            yield binding


def _candidates(role: RoleSettings, entities: Sequence[FoundEntity]) -> list[FoundEntity]:
    """Return the entities that fit a role, with the surest way in which any of them does."""
    rated = [(_fit(role, entity), entity) for entity in entities]
    best = max((fit for fit, _ in rated), default=0)
    return [entity for fit, entity in rated if fit == best and fit > 0]


def _fit(role: RoleSettings, entity: FoundEntity) -> int:
    domain, _, _ = entity.entity_id.partition(".")
    if DEVICE in role.domains:
        if entity.device_id is None:
            return 0
    elif domain not in role.domains:
        return 0
    if entity.translation_key is not None and _any(entity.translation_key, role.translation_key):
        return _KNOWN
    if entity.unique_id is not None and _any(entity.unique_id, role.unique_id):
        return _BY_ID
    return _BY_NAME if _any(entity.entity_id, role.entity) else 0


def _any(text: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(text.lower(), pattern.lower()) for pattern in patterns)


def _owners(profile: Profile) -> Callable[[FoundEntity], str]:
    """Return what tells one thing from another: its device, or the entity itself where the profile has but one."""
    single = len(profile.roles) == 1 and not any(DEVICE in role.domains for role in profile.roles.values())
    return lambda entity: entity.entity_id if single else entity.device_id or ""


def _bind(
    profile: Profile,
    candidates: Mapping[str, Sequence[FoundEntity]],
    device: str,
    owner: Callable[[FoundEntity], str],
) -> Binding:
    found: dict[str, str] = {}
    missing: list[MissingRole] = []
    kin = [entity for listed in candidates.values() for entity in listed if owner(entity) == device]
    for role, settings in profile.roles.items():
        entity = _nearest(candidates[role], kin)
        if entity is None:
            missing.append(_missing(role, settings))
        elif DEVICE in settings.domains:
            found[role] = str(entity.device_id)
        elif entity.disabled:
            missing.append(_missing(role, settings, disabled=entity.entity_id))
        else:
            found[role] = entity.entity_id
    return Binding(profile=profile.name, entities=found, missing=tuple(missing), device_id=kin[0].device_id)


def _missing(role: str, settings: RoleSettings, *, disabled: str | None = None) -> MissingRole:
    remedy = settings.if_missing or f"name the entity that {settings.why}"
    if disabled is not None:
        remedy = f"enable {disabled} in Home Assistant: it {settings.why}"
    return MissingRole(role=role, needed=settings.needed is True, remedy=remedy, disabled=disabled)


def _nearest(candidates: Sequence[FoundEntity], kin: Sequence[FoundEntity]) -> FoundEntity | None:
    """Return the candidate among the device's own, else the one that is named most like them."""

    def nearness(entity: FoundEntity) -> tuple[bool, bool, int]:
        return entity in kin, not entity.disabled, max(_shared(entity, other) for other in kin)

    return max(candidates, key=nearness, default=None)


def _shared(one: FoundEntity, other: FoundEntity) -> int:
    """Return with how many letters the names of two entities begin alike."""
    names = [entity.entity_id.partition(".")[2] for entity in (one, other)]
    differs = (count for count, (a, b) in enumerate(zip(*names, strict=False)) if a != b)
    return next(differs, min(map(len, names)))
