"""Where the learner's models are kept between runs: taken up at the start, written each night, changed by hand."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
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


class ModelShelf:
    """The folder of models as one learner uses it. `trouble` says what went wrong with a file, None if nothing did."""

    def __init__(self, folder: Path, runtime: Runtime, ahead: int, step_minutes: int) -> None:
        self.registry = Registry(folder)
        self.trouble: str | None = None
        self._runtime = runtime
        self._ahead = ahead
        self._step_minutes = step_minutes
        self._seen = 0

    def changed(self) -> bool:
        """Return whether the list was changed by somebody else: a training or a rollback by hand."""
        if self.registry.changed_at() == self._seen:
            return False
        self.registry = Registry(self.registry.folder)
        return True

    def taken_up(self) -> tuple[Model, Pupils] | None:
        """Return the model that serves; for one that is damaged the one before, None for the floor."""
        self._seen = self.registry.changed_at()
        for model_id in dict.fromkeys((self.registry.serving, self.registry.previous)):
            if model_id is None or model_id == FLOOR:
                if model_id == self.registry.serving:
                    break
                continue
            try:
                return self._loaded(self.registry.folder / model_id)
            except (ModelFileError, ExportError) as error:
                self.trouble = f"a model is not used: {error}"
                _LOGGER.warning("%s", self.trouble)
        return None

    def keep(self, model: Model, pupils: Pupils) -> Model:
        """Keep the students as they are now; a full disk costs a night's lesson, not the night."""
        files = {quantity: pupil.file for quantity, pupil in pupils.items() if pupil.file is not None}
        samples = {quantity: pupil.student.network.standardised(pupil.sample) for quantity, pupil in pupils.items()}
        model = replace(model, students={quantity: pupil.now for quantity, pupil in pupils.items()})
        try:
            save(model, files, samples, self.registry.folder)
        except OSError as error:
            self.trouble = f"the model could not be kept: {error.strerror}"
            _LOGGER.warning("%s", self.trouble)
        return model

    def promote(self, model_id: str, why: str, at: datetime) -> None:
        """Let a model serve from now on."""
        self.registry.promote(model_id, why, at)
        self._seen = self.registry.changed_at()

    def note(self, model_id: str, event: str, why: str, at: datetime) -> None:
        """Remember what happened."""
        self.registry.note(model_id, event, why, at)
        self._seen = self.registry.changed_at()

    def _loaded(self, home: Path) -> tuple[Model, Pupils]:
        model, files, samples = load(home)
        if model.step_minutes != self._step_minutes:
            raise ModelFileError(f"{home.name}: it was made for slots of {model.step_minutes} minutes")
        pupils = {quantity: Pupil(quantity, kept, self._ahead) for quantity, kept in model.students.items()}
        for quantity, pupil in pupils.items():
            if quantity in files and self._runtime.build is not None:
                network = pupil.student.network
                pupil.run = opened(files[quantity], network, self._runtime, self._ahead, samples[quantity])
                pupil.file = files[quantity]
        return model, pupils
