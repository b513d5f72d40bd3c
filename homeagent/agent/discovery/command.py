"""The command `homeagent discover`: survey, findings, questions, file, check."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import click

from homeagent.agent.discovery.run import ANSWERS, answered, survey_of, unanswered
from homeagent.agent.discovery.terminal import ask, print_findings
from homeagent.agent.discovery.understanding import still_open, understand, unusable
from homeagent.agent.discovery.yaml_text import config_text, write_config
from homeagent.agent.live.checks import check_online
from homeagent.config import check_config, load_config
from homeagent.config.profile_files import folder_beside, load_profiles
from homeagent.domain.errors import InputError, Issue
from homeagent.domain.wiring import HomeAssistantSpec

USUAL_URL = "http://homeassistant.local:8123"
VARIABLE = "HOMEAGENT_TOKEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The command's options."""

    url: str | None
    token_file: Path | None
    fingerprint: str | None
    out: Path
    yes: bool
    answers: Sequence[str]
    only_print: bool


def discover(request: Request) -> None:
    """Do it all.

    Raises:
        PermanentError: with everything that its owner must mend.
    """
    given = _given(request.answers)
    if request.out.exists() and not request.only_print:
        remedy = "name another: --out other.yaml, or look at what would be written: --print"
        raise _wrong(str(request.out), "file", "is there already, and is not written over", remedy)
    url, token = _url(request), _token(request)
    fingerprint = _fingerprint(request.fingerprint)
    profiles = load_profiles(folder_beside(request.out))
    spec = HomeAssistantSpec(url=url, token=token, fingerprint=fingerprint)
    found = survey_of(spec, lambda line: click.echo(line, err=True), profiles)
    answers = answered(given, understand(found, {}, profiles), found)
    understanding = understand(found, answers, profiles)
    if not request.only_print:
        print_findings(understanding)
        click.echo(f"What is wrong can be answered in advance: {ANSWERS} KEY=VALUE, e.g. meters.grid=sensor.x")
        if issues := unusable(understanding):
            raise InputError("homeagent discover", tuple(issues))
    if not request.yes and not request.only_print:
        answers = ask(understanding, answers)
        understanding = understand(found, answers, profiles)
    text = config_text(understanding, url, found.at, fingerprint)
    missing = still_open(understanding, answers)
    if request.only_print:
        click.echo(text, nl=False)
        for lack in (*unusable(understanding), *unanswered(missing).issues):
            click.echo(f"not complete: {lack}", err=True)
        return
    if missing:
        raise unanswered(missing)
    for path in write_config(request.out, text, token):
        click.echo(f"wrote {path}")
    for line in (*check_config(request.out), *check_online(request.out, load_config(request.out))):
        click.echo(line)
    click.echo(f"\nRead {request.out}, then: homeagent run {request.out}")


def _wrong(source: str, path: str, message: str, remedy: str) -> InputError:
    return InputError(source, (Issue(path=path, message=message, remedy=remedy),))


def _given(answers: Sequence[str]) -> dict[str, str]:
    split = [answer.partition("=") for answer in answers]
    for key, equals, value in split:
        if not key or not equals or not value:
            raise _wrong(ANSWERS, key or "?", "is no KEY=VALUE", f"write e.g. {ANSWERS} battery.capacity_kwh=10")
    return {key: value for key, _, value in split}


def _url(request: Request) -> str:
    url = request.url
    if url is None:
        if request.yes or request.only_print:
            raise _wrong("homeagent discover", "--url", "is missing", f"give e.g. --url {USUAL_URL}")
        url = str(click.prompt("Address of Home Assistant's page", default=USUAL_URL))
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _wrong("homeagent discover", "--url", f"{url} is no address", f"write e.g. {USUAL_URL}")
    return url.rstrip("/")


def _fingerprint(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        fingerprint = bytes.fromhex(text.replace(":", " "))
    except ValueError:
        fingerprint = b""
    if len(fingerprint) != sha256().digest_size:
        remedy = "write 32 pairs of hexadecimal digits, as a browser shows them"
        raise _wrong("homeagent discover", "--fingerprint", "is no SHA-256 fingerprint", remedy)
    return fingerprint


def _token(request: Request) -> str:
    if request.token_file is not None:
        try:
            token = request.token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            remedy = "name a file that holds the token alone"
            raise _wrong(str(request.token_file), "file", "cannot be read", remedy) from error
    elif os.environ.get(VARIABLE):
        token = os.environ[VARIABLE].strip()
    elif request.yes or request.only_print:
        raise _wrong("homeagent discover", "token", "is missing", f"give --token-file FILE, or set {VARIABLE}")
    else:
        click.echo("A long-lived token is made in Home Assistant: your profile > Security.")
        token = str(click.prompt("Token (not shown)", hide_input=True)).strip()
    if not token or any(not " " < letter <= "~" for letter in token):
        raise _wrong("homeagent discover", "token", "holds characters that no token has, or nothing", "copy it again")
    return token
