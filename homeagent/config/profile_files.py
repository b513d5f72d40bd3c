"""Where device profiles are: ours in the package, the user's in a folder beside the configuration. A file a profile."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from homeagent.config.profile import Profile
from homeagent.config.profile_checks import problems
from homeagent.config.reading import Problem, read_settings
from homeagent.domain.errors import InputError, Issue

SHIPPED = Path(__file__).with_name("profiles")
FOLDER = "profiles"
"""The user's own profiles, beside config.yaml. One of the same name takes the place of ours."""


def folder_beside(config: Path) -> Path:
    """Return where the user's own profiles are, whether or not there are any."""
    return config.parent / FOLDER


def profile_paths(folder: Path | None = None) -> dict[str, Path]:
    """Return the file of every profile by name, the user's in place of ours."""
    files = [*SHIPPED.glob("*.yaml"), *(() if folder is None else folder.glob("*.yaml"))]
    return dict(sorted({file.stem: file for file in files}.items()))


def load_profile(name: str, folder: Path | None = None) -> Profile:
    """Read one profile.

    Raises:
        InputError: there is none of that name, or with every problem of its file.
    """
    paths = profile_paths(folder)
    if name not in paths:
        raise InputError("profiles", (Issue(path=name, message="is no profile", remedy=nearest_profile(name, folder)),))
    path = paths[name]
    profile, document = read_settings(path, Profile)
    wrong = [*problems(profile)]
    if profile.name != name:
        remedy = f"write name: {name}, or name the file {profile.name}.yaml"
        wrong.append(Problem(("name",), "is not what its file is named", remedy, repr(profile.name)))
    if wrong:
        raise InputError(str(path), tuple(problem.issue(document) for problem in wrong))
    return profile


def load_profiles(folder: Path | None = None) -> list[Profile]:
    """Read every profile, by name.

    Raises:
        InputError: with every problem of every file.
    """
    found: list[Profile] = []
    issues: list[Issue] = []
    for name in profile_paths(folder):
        try:
            found.append(load_profile(name, folder))
        except InputError as error:
            issues += [replace(issue, path=f"{name}.{issue.path}") for issue in error.issues]
    if issues:
        raise InputError("profiles", tuple(issues))
    return found


def nearest_profile(name: str, folder: Path | None = None) -> str:
    """Return which profile was probably meant."""
    names = [*profile_paths(folder)]
    near = get_close_matches(name, names, n=1, cutoff=0.4)
    return f"did you mean {near[0]}?" if near else "homeagent profiles lists them"
