"""Where the learner's models are kept between runs: taken up at the start, written each night, changed by hand."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from homeagent.forecasting.learned import Quantity
from homeagent.learning.model import Model
from homeagent.learning.model_files import ModelFileError, load, save
from homeagent.learning.pupil import Pupil
from homeagent.learning.registry import FLOOR, Registry
from homeagent.learning.runtime import Runtime
from homeagent.learning.serving import ExportError, opened

_LOGGER = logging.getLogger(__name__)

Pupils = dict[Quantity, Pupil]


def _as_it_stands(model: Model, pupils: Pupils) -> Model:
    return replace(model, students={quantity: pupil.now for quantity, pupil in pupils.items()})


def loaded(home: Path, runtime: Runtime, ahead: int, step: timedelta) -> tuple[Model, Pupils]:
    """Return a model with its pupils, each run by the runtime where it has a file.

    Raises:
        ModelFileError: anything of it is missing, damaged or foreign, or it is for other slots.
        ExportError: its file does not compute what its weights do.
    """
    model, files, samples = load(home)
    if model.step_minutes != step // timedelta(minutes=1):
        raise ModelFileError(f"{home.name}: it was made for slots of {model.step_minutes} minutes")
    made_at = int(model.made_at.timestamp() // step.total_seconds())
    pupils = {quantity: Pupil(quantity, kept, ahead, made_at) for quantity, kept in model.students.items()}
    for quantity, pupil in pupils.items():
        if quantity in files and runtime.build is not None:
            pupil.run = opened(files[quantity], pupil.student.network, runtime, ahead, samples[quantity])
            pupil.file = files[quantity]
    return model, pupils


class ModelShelf:
    """The folder of models as one learner uses it."""

    def __init__(self, folder: Path, runtime: Runtime, ahead: int, step: timedelta) -> None:
        self.registry = Registry(folder)
        self._damage: str | None = None
        self._unkept: str | None = None
        self._runtime = runtime
        self._ahead = ahead
        self._step = step
        self._held = FLOOR
        self._owed: tuple[str, datetime] | None = None

    @property
    def trouble(self) -> str | None:
        """What went wrong with the files and is not mended yet."""
        return "; ".join(text for text in (self._damage, self._unkept) if text) or None

    def changed(self) -> bool:
        """Return whether something else is to serve: after a training or a rollback by hand."""
        if self.registry.stale:
            self.registry.read()
        return self.registry.serving != self._held

    def taken_up(self, now: datetime) -> tuple[Model, Pupils] | None:
        """Return the model that serves; for one that is damaged the one before, None for the floor."""
        serving, previous = self.registry.serving, self.registry.previous
        self._held = serving
        why = []
        for model_id in (serving, previous):
            if model_id is None or model_id == FLOOR:
                break
            try:
                found = loaded(self.registry.folder / model_id, self._runtime, self._ahead, self._step)
            except (ModelFileError, ExportError) as error:
                why.append(str(error))
                continue
            self._tell_damage(serving, model_id, why, now)
            return found
        self._tell_damage(serving, FLOOR, why, now)
        return None

    def _tell_damage(self, damaged: str, by: str, why: list[str], now: datetime) -> None:
        if not why:
            return
        self._damage = f"a model is not used: {'; '.join(why)}; {by} serves until the next training"
        _LOGGER.warning("%s", self._damage)
        with self._writing():
            self.registry.replace_damaged(damaged, by, "; ".join(why), now)
        self._held = self.registry.serving

    def keep(self, model: Model, pupils: Pupils) -> Model:
        """Keep the students as they are now; a full disk costs a night's lesson, not the night."""
        model = _as_it_stands(model, pupils)
        if self._owed is not None:
            self._promote(model, pupils, *self._owed)
            return model
        with self._writing(), self.registry.changing():
            if self.registry.serving == model.model_id:  # else somebody has gone back to another one meanwhile
                self._save(model, pupils)
        return model

    def promote(self, model: Model, pupils: Pupils, why: str, at: datetime) -> Model:
        """Keep a new model, under a name that no other has, and let it serve."""
        model = replace(_as_it_stands(model, pupils), model_id=self.registry.free_name(model.model_id))
        self._promote(model, pupils, why, at)
        return model

    def _promote(self, model: Model, pupils: Pupils, why: str, at: datetime) -> None:
        """Do so; if the disk is full it is done in a night to come, and the model serves from memory until then."""
        self._owed = why, at
        with self._writing():
            self._save(model, pupils)
            self.registry.promote(model.model_id, why, at)
            self._owed = self._damage = None
        self._held = self.registry.serving

    def _save(self, model: Model, pupils: Pupils) -> None:
        files = {quantity: pupil.file for quantity, pupil in pupils.items() if pupil.file is not None}
        samples = {quantity: pupil.student.network.standardised(pupil.sample) for quantity, pupil in pupils.items()}
        save(model, files, samples, self.registry.folder)

    def retire(self, why: str, at: datetime) -> None:
        """Let the floor serve in place of what does."""
        if self.registry.serving != FLOOR:
            with self._writing():
                self.registry.promote(FLOOR, why, at)
            self._held = self.registry.serving

    def note(self, model_id: str, event: str, why: str, at: datetime) -> None:
        """Remember what happened."""
        with self._writing():
            self.registry.note(model_id, event, why, at)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Go on without the files if they cannot be written, and say so, once."""
        try:
            yield
        except OSError as error:
            unkept = f"the model could not be kept: {error.strerror}"
            if unkept != self._unkept:
                _LOGGER.warning("%s", unkept)
            self._unkept = unkept
        else:
            self._unkept = None
