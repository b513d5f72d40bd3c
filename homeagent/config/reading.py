"""A YAML file as checked settings, with every problem said at once: where, what, and what would be right."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from homeagent.config.yaml_lines import Document, KeyPath, dotted, read_document
from homeagent.domain.errors import InputError, Issue

_Model = TypeVar("_Model", bound=BaseModel)

EXPECTED = {
    "float_type": "write a number",
    "int_type": "write a whole number",
    "bool_type": "write true or false",
    "string_type": "write a text, in quotes",
    "finite_number": "write a number",
    "greater_than_equal": "write a number that is not too small",
    "model_type": "write keys with values below it, indented",
    "missing": "add it",
}


class Problem(NamedTuple):
    """Something wrong under a key, not yet with its line."""

    path: KeyPath
    message: str
    remedy: str
    found: str | None = None

    def issue(self, document: Document) -> Issue:
        """Return it with the line of its key, or of the nearest key around it."""
        path = document.written(self.path)
        where, line = dotted(path), document.line(path)
        return Issue(path=where, message=self.message, line=line, found=self.found, remedy=self.remedy)


def read_settings(path: Path, model: type[_Model]) -> tuple[_Model, Document]:
    """Read a file, and return it with the lines of its keys.

    Raises:
        InputError: with every problem of the file.
    """
    document = read_document(path)
    try:
        return model.model_validate(document.values), document
    except ValidationError as error:
        issues = tuple(issue_of(problem, document, model) for problem in error.errors(include_url=False))
        raise InputError(str(path), issues) from None


def issue_of(problem: Any, document: Document, model: type[BaseModel]) -> Issue:  # noqa: ANN401 - pydantic's own dictionary
    """Return one of pydantic's problems in our words."""
    path: KeyPath = tuple(problem["loc"])
    kind, context = problem["type"], problem.get("ctx", {})
    found = None if kind in {"missing", "model_type"} or path in document.hidden else _short(problem["input"])
    if isinstance(problem["input"], dict):
        found = None
    message, remedy = problem["msg"].lower().removeprefix("input ").removeprefix("value error, "), EXPECTED.get(kind)
    if kind == "extra_forbidden":
        message, remedy, found = "is no key that exists", _nearest(path, model), None
    elif kind == "missing":
        message = "is missing"
        if path[-1] == "capacity_kwh":
            remedy = "add the battery's usable capacity, e.g. capacity_kwh: 10"
    elif kind == "homeagent":
        message, remedy = context["message"], context["remedy"]
    elif kind == "model_type":
        message = "is no group of keys"
    elif kind == "literal_error":
        message, remedy = "is none of the choices", f"write {context['expected']}"
    path = document.written(path)
    return Issue(path=dotted(path), message=message, line=document.line(path), found=found, remedy=remedy)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - one line


def _nearest(path: KeyPath, model: type[BaseModel]) -> str:
    """Return which known key was probably meant."""
    if path[-1] == "initial_soc":
        return "it belongs to a scenario for backtests; a running home has a state of charge of its own"
    section: Any = model
    for part in path[:-1]:
        section = _inside(section, part)
    if not _is_settings(section):
        return "leave it out"
    known = [field.alias or name for name, field in section.model_fields.items()]
    near = get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"


def _inside(annotation: Any, part: str | int) -> Any:  # noqa: ANN401 - annotations are of any kind
    """Return what is expected under `part`: a field of settings, or an entry of a mapping or list of them."""
    if _is_settings(annotation):
        fields = annotation.model_fields.items()
        inner = next((field.annotation for name, field in fields if part in {name, field.alias}), None)
    else:
        inner = get_args(annotation)[-1] if get_args(annotation) else None
    while get_origin(inner) not in {None, dict, list}:  # Annotated, or a choice with None
        inner = get_args(inner)[0]
    return inner


def _is_settings(annotation: Any) -> bool:  # noqa: ANN401 - as above
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
