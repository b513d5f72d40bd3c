"""Where training is sent to: the keys of it, and what of it can be checked before anybody is spoken to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from homeagent.config.home_assistant import Section, wrong
from homeagent.config.reading import Problem
from homeagent.domain.learning import Offload, TlsFiles

ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")
MOST_PORT = 65535


def _address(address: str) -> str:
    found = ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found[3]) <= MOST_PORT:
        raise wrong("is no address of a Dask scheduler", "write tcp://host:8786, or tls://host:8786 with learning.tls")
    return address


SchedulerAddress = Annotated[str, AfterValidator(_address)]


class TlsSettings(Section):
    """Files in PEM by which this machine and a Dask scheduler know each other."""

    ca: str
    cert: str
    key: str


def require_secured(address: str | None, tls: TlsSettings | None) -> None:
    """See that an address with TLS has its files, and files an address with TLS."""
    secured = address is not None and address.startswith("tls://")
    if secured and tls is None:
        raise wrong("has offload: tls://, but no tls", "add tls: with the files ca, cert and key")
    if tls is not None and not secured:
        raise wrong("has tls, but no offload with tls://", "write offload: tls://host:8786, or leave tls out")


def missing_files(tls: TlsSettings | None, folder: Path) -> Iterator[Problem]:
    """Yield each file that is named and is not there."""
    for name in () if tls is None else ("ca", "cert", "key"):
        file = folder / getattr(tls, name)
        if not file.is_file():
            remedy = "name a file in PEM, beside the configuration or with its whole path"
            yield Problem(("learning", "tls", name), "is not there", remedy, str(file))


def offload_of(address: str | None, tls: TlsSettings | None, folder: Path) -> Offload | None:
    """Return where training is sent to, None where it is done here."""
    if address is None:
        return None
    files = None if tls is None else TlsFiles(ca=folder / tls.ca, cert=folder / tls.cert, key=folder / tls.key)
    return Offload(address=address, tls=files)


def offload_told(offload: Offload | None) -> Iterator[str]:
    """Yield what check-config says of it."""
    if offload is None:
        return
    yield f"learning: trained by {offload.address}; here, some hours later, where that does not work"
    if offload.tls is None:
        yield "learning: mind: with tcp:// anybody on the network may listen and answer; tls:// keeps them out"
    if find_spec("distributed") is None:
        yield "learning: mind: Dask is not installed here, so it is trained here; pip install 'homeagent[dask]'"
