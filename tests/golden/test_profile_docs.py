"""The table of profiles in the docs is that of the shipped ones. Run this file to write it anew."""

from __future__ import annotations

import re
from pathlib import Path

from homeagent.config.capability import profile_capability
from homeagent.config.profile import Profile
from homeagent.config.profile_costs import shipped_costs
from homeagent.config.profile_files import load_profiles
from homeagent.config.profile_words import MOVES, lease_words, spread

DOC = Path(__file__).parents[2] / "docs" / "profiles.md"
BETWEEN = re.compile(r"(?<=<!-- profiles -->\n).*?(?=<!-- /profiles -->)", re.DOTALL)
HEAD = (
    "| profile | for | it can be told | lease | answers in | evidence | costs a year [EUR] |\n"
    "| --- | --- | --- | --- | --- | --- | --- |\n"
)


def told(profile: Profile) -> str:
    if profile.kind != "battery":
        return ", ".join(profile.verbs)
    if profile.control == "reserve":
        return "a reserve"
    can = ", ".join(verb for verb in MOVES if verb in profile.verbs)
    stores = " (stores surplus)" if profile.hold_stores else ""
    return f"{can}{stores}{'' if profile.power.settable else ', no power'}; {profile.control}"


def cost(profile: Profile) -> str:
    if profile.kind != "battery":
        return ""
    found = shipped_costs().of(profile.name, profile_capability(profile))
    if found is None:
        return "not measured"
    return f"{round(found.per_year)} ({spread(found)}), {round(100 * found.share)} %"


def table() -> str:
    rows = (
        f"| `{profile.name}` | {profile.title} | {told(profile)} | {lease_words(profile)} "
        f"| {profile.answer_seconds:g} s | {profile.evidence} | {cost(profile)} |\n"
        for profile in load_profiles()
    )
    return HEAD + "".join(rows) + f"\nCosts are {shipped_costs().basis}.\n"


def test_the_docs_have_the_table_of_what_is_shipped() -> None:
    found = BETWEEN.search(DOC.read_text(encoding="utf-8"))
    assert found is not None
    assert found[0] == table()


if __name__ == "__main__":
    DOC.write_text(BETWEEN.sub(lambda _: table(), DOC.read_text(encoding="utf-8")), encoding="utf-8")
