"""The way to a Dask scheduler: connected in seconds, answers opened as plain data, workers of the same build alone.

Dask is imported here, so only a process that ends with its work imports this module.
"""

from __future__ import annotations

import asyncio
import io
import logging
import pickle
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from distributed import Client, Security

from homeagent.domain.errors import TransientError
from homeagent.domain.learning import Offload, TlsFiles
from homeagent.footprint.build import build_id

if TYPE_CHECKING:
    from typing_extensions import Buffer

RESOURCE = "homeagent "
"""Each worker has a resource of this name and its build: Dask itself gives work to no other."""


class NotThereError(TransientError):
    """No worker can be had, and why."""


class Unopened(TypeError):  # noqa: N818 - an outcome: Dask takes a TypeError for an answer it cannot read, and goes on
    """A pickle that names anything but plain data."""


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as the library has it
        if (module, name) == ("builtins", "bytes"):  # how Dask says that something is bytes
            return bytes
        raise Unopened(f"{module}.{name} is not opened")


def open_plain_data_alone() -> None:
    """Let this process open no pickle but of plain data: a scheduler can run nothing here.

    All of Dask's ways to unpickle end in `pickle.loads`. For a process that does nothing else: it is for good.
    """

    def loads(content: Buffer, /, *, buffers: Iterable[Any] | None = (), **_: Any) -> Any:  # noqa: ANN401 - as the library has it
        return _PlainUnpickler(io.BytesIO(content), buffers=buffers).load()

    pickle.loads = loads
    for name in ("distributed", "asyncio", "tornado"):  # what goes wrong is told once, in the agent's own words
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def security_of(tls: TlsFiles | None) -> Security:
    """Return Dask's words for our files, for every part of it."""
    if tls is None:
        return Security()
    cert, key = str(tls.cert), str(tls.key)
    return Security(
        require_encryption=True,
        tls_ca_file=str(tls.ca),
        tls_client_cert=cert,
        tls_client_key=key,
        tls_scheduler_cert=cert,
        tls_scheduler_key=key,
        tls_worker_cert=cert,
        tls_worker_key=key,
    )


async def connected(offload: Offload) -> Client:
    """Return a client in the running event loop.

    Raises:
        NotThereError: nobody answers in time, or not so that it can be understood.
    """
    try:
        async with asyncio.timeout(offload.connect_s):
            client: Client = await Client(
                offload.address,
                asynchronous=True,
                security=security_of(offload.tls),
                timeout=offload.connect_s,
                set_as_default=False,
                direct_to_workers=False,
            )
            return client
    except TimeoutError as error:
        raise NotThereError(f"{offload.address} does not answer within {offload.connect_s:g} s") from error
    except Exception as error:  # whatever a stranger's answer leads to
        raise NotThereError(f"{offload.address} cannot be spoken to ({cause(error)})") from error


def cause(error: BaseException) -> str:
    """Return the innermost words of an error: those that tell something."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) or type(error).__name__


def our_resource() -> str:
    """Return the name of the resource that workers of this build have."""
    return RESOURCE + build_id()


async def require_ours(client: Client, address: str) -> None:
    """See that a worker of this build is there.

    Raises:
        NotThereError: there is none; says what is there instead.
    """
    scheduler: Any = client.scheduler
    told = await scheduler.identity(n_workers=-1)
    if not told["workers"]:
        raise NotThereError(f"{address} has no workers")
    builds = {name for worker in told["workers"].values() for name in worker["resources"]}
    if our_resource() in builds:
        return
    others = sorted(name.removeprefix(RESOURCE) for name in builds if name.startswith(RESOURCE))
    if not others:
        raise NotThereError(f"{address} has workers, but none of homeagent's: docs/offload.md tells how to start them")
    raise NotThereError(f"{address} works with homeagent {', '.join(others)}, this is {build_id()}: give both the same")
