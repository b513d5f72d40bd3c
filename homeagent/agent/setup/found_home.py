"""A home as the guided set-up found it, with the answers so far, and what its configuration would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from homeagent.agent.discovery.run import KEYS
from homeagent.agent.discovery.understanding import still_open, understand, unusable
from homeagent.agent.discovery.yaml_text import config_text
from homeagent.agent.setup.draft import Draft, drafted
from homeagent.agent.setup.tariff_form import form_of, with_tariff
from homeagent.config.profile import Profile
from homeagent.domain.discovery import Answer, Understanding
from homeagent.domain.survey import Survey
from homeagent.domain.wiring import HomeAssistantSpec

MEASURING = ("sensor", "event")
MOST_ENTITIES = 1000
"""So many names are offered where a person corrects what was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundHome:
    """What was found at an address, and what is made of it with the answers so far."""

    spec: HomeAssistantSpec
    survey: Survey
    profiles: Sequence[Profile]
    answers: Mapping[str, Answer]
    parts: Mapping[str, float | bool]
    understanding: Understanding
    text: str
    draft: Draft
    path: Path

    async def again(
        self, *, answers: Mapping[str, Answer] | None = None, parts: Mapping[str, float | bool] | None = None
    ) -> FoundHome:
        """Return the same home with other answers or other parts of its tariff."""
        return await found_home(
            self.path,
            self.spec,
            self.survey,
            self.profiles,
            self.answers if answers is None else answers,
            self.parts if parts is None else parts,
        )

    def told(self) -> Mapping[str, object]:
        """Return it as the page shows it. Never the token."""
        questions = [
            {
                "key": one.key,
                "text": one.text,
                "kind": one.kind,
                "unit": one.unit,
                "choices": list(one.choices),
                "suggestion": one.suggestion,
                "because": one.because,
                "answer": self.answers.get(one.key),
            }
            for one in self.understanding.questions
        ]
        return {
            "url": self.spec.url,
            "home_assistant": self.survey.version,
            "findings": [
                {"topic": one.topic, "kind": one.kind, "text": one.text, "remedy": one.remedy}
                for one in self.understanding.findings
            ],
            "questions": questions,
            "keys": list(KEYS),
            "entities": sorted(name for name in self.survey.entities if name.partition(".")[0] in MEASURING)[
                :MOST_ENTITIES
            ],
            "tariff": form_of(self.understanding.values, self.parts, self.survey.currency),
            "prices": self.draft.prices,
            "problems": list(self.draft.problems),
            "config": self.text,
        }


async def found_home(
    path: Path,
    spec: HomeAssistantSpec,
    survey: Survey,
    profiles: Sequence[Profile],
    answers: Mapping[str, Answer],
    parts: Mapping[str, float | bool],
) -> FoundHome:
    """Return what a survey means with these answers and parts of the tariff; its file is to stand at `path`."""
    understanding = understand(survey, answers, profiles)
    understanding = replace(understanding, values=with_tariff(understanding.values, parts))
    text = config_text(understanding, spec.url, survey.at)
    lacking = [f"not answered yet: {one.text}" for one in still_open(understanding, answers)]
    lacking += [f"{issue.path}: {issue.message}" for issue in unusable(understanding)]
    draft = Draft(problems=tuple(lacking)) if lacking else await drafted(text, spec, survey, path)
    return FoundHome(
        spec=spec,
        survey=survey,
        profiles=profiles,
        answers=answers,
        parts=parts,
        understanding=understanding,
        text=text,
        draft=draft,
        path=path,
    )
