"""One authenticated websocket to Home Assistant: one reader, and a future for every command that waits."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import json
import logging
import socket as sockets
import ssl
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import aiohttp

from homeagent.domain.wiring import HomeAssistantSpec
from homeagent.hass.errors import ActionFailedError, LinkLostError, NoAnswerError, TokenRefusedError, WrongAddressError

_LOGGER = logging.getLogger(__name__)

OPEN_TIMEOUT_S = 10.0
COMMAND_TIMEOUT_S = 10.0
LARGEST_MESSAGE = 64 * 1024 * 1024
KEEPALIVE = (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
"""The system itself asks a silent machine whether it is still there: within 35 s a dead one ends the connection."""
SERVER_ERROR = 500
"""From here on HTTP tells of a proxy whose Home Assistant is away: that passes."""

Event: TypeAlias = Mapping[str, Any]
OnEvent: TypeAlias = Callable[[Event], None]


class Connection:
    """Speaks Home Assistant's websocket protocol. Made by `Connection.open`; once closed it stays closed."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, session: aiohttp.ClientSession, version: str) -> None:
        self.version = version
        self._socket = socket
        self._session = session
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._listeners: dict[int, OnEvent] = {}
        self.heard_s = asyncio.get_running_loop().time()
        """When something came last, by the loop's clock."""
        self._reader = asyncio.create_task(self._read(), name="home assistant reader")
        self._keep_alive()

    @classmethod
    async def open(cls, spec: HomeAssistantSpec) -> Connection:
        """Connect and authenticate.

        Raises:
            LinkLostError: nothing answers at the address.
            NoAnswerError: it did not answer in time.
            TokenRefusedError: the token is not known there.
            WrongAddressError: something else answers, or its certificate is not trusted.
        """
        session, socket = aiohttp.ClientSession(), None
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                socket = await _connect(session, spec)
                version = await _authenticate(socket, spec.token)
        except TimeoutError:
            await _hang_up(socket, session)
            raise NoAnswerError(f"{spec.url} did not answer within {OPEN_TIMEOUT_S:.0f} s") from None
        except BaseException:
            await _hang_up(socket, session)
            raise
        return cls(socket, session, version)

    def _keep_alive(self) -> None:
        raw = self._socket.get_extra_info("socket")
        with contextlib.suppress(OSError, AttributeError):
            raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_KEEPALIVE, 1)
            for name, value in KEEPALIVE:
                raw.setsockopt(sockets.IPPROTO_TCP, getattr(sockets, name), value)

    def wake_at(self, size: int) -> None:
        """Let the process sleep until so many bytes have come; 1 wakes it at the first, as where this cannot be had."""
        raw = self._socket.get_extra_info("socket")
        with contextlib.suppress(OSError, AttributeError):
            raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVLOWAT, size)

    async def command(self, kind: str, *, timeout_s: float = COMMAND_TIMEOUT_S, **data: object) -> Any:  # noqa: ANN401 - JSON
        """Send a command and return its result.

        Raises:
            ActionFailedError: Home Assistant refused it, with its code.
            LinkLostError: the connection ended first.
            NoAnswerError: no answer within `timeout_s`.
        """
        return await self._ask(next(self._ids), kind, timeout_s, data)

    async def subscribe(self, kind: str, on_event: OnEvent, **data: object) -> int:
        """Have `on_event` called with every event of a subscription, and return its number. Raises as `command`."""
        number = next(self._ids)
        self._listeners[number] = on_event
        try:
            await self._ask(number, kind, COMMAND_TIMEOUT_S, data)
        except BaseException:
            del self._listeners[number]
            raise
        return number

    async def unsubscribe(self, number: int) -> None:
        """End a subscription. Raises as `command`."""
        self._listeners.pop(number, None)
        await self.command("unsubscribe_events", subscription=number)

    async def _ask(self, number: int, kind: str, timeout_s: float, data: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON
        if self._reader.done():
            raise LinkLostError("the connection to Home Assistant has ended")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            async with asyncio.timeout(timeout_s):
                await self._socket.send_str(json.dumps({"id": number, "type": kind, **data}))
                return await answer
        except TimeoutError:
            raise NoAnswerError(f"Home Assistant did not answer {kind} within {timeout_s:g} s") from None
        except (ConnectionError, aiohttp.ClientError) as error:
            raise LinkLostError(f"the connection to Home Assistant broke ({error})") from error
        finally:
            self._waiting.pop(number, None)

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(json.loads(message.data))
        except (ValueError, aiohttp.ClientError, ConnectionError) as error:
            _LOGGER.warning("the connection to Home Assistant broke: %s", error)
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(LinkLostError("the connection to Home Assistant ended before it answered"))

    def _take(self, message: Any) -> None:  # noqa: ANN401 - JSON
        self.heard_s = asyncio.get_running_loop().time()
        for part in message if isinstance(message, list) else [message]:
            try:
                self._take_one(part)
            except Exception:  # one odd message must not end the link to everything else
                _LOGGER.exception("a message of Home Assistant could not be taken in")

    def _take_one(self, part: Mapping[str, Any]) -> None:
        if part["type"] == "event":
            listener = self._listeners.get(part["id"])
            if listener is not None:
                listener(part["event"])
            return
        answer = self._waiting.get(part["id"])
        if answer is None or answer.done():
            return
        if part["type"] == "pong" or part.get("success"):
            answer.set_result(part.get("result"))
        else:
            error = part.get("error", {})
            answer.set_exception(ActionFailedError(str(error.get("code")), str(error.get("message"))))

    @property
    def ending(self) -> asyncio.Task[None]:
        """What is done when the connection has ended, whoever ended it; to be waited for alone."""
        return self._reader

    async def close(self) -> None:
        """End the connection."""
        try:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        finally:
            await _hang_up(self._socket, self._session)


async def _hang_up(socket: aiohttp.ClientWebSocketResponse | None, session: aiohttp.ClientSession) -> None:
    """Say goodbye for at most a second, and free everything."""
    try:
        if socket is not None:
            with contextlib.suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await socket.close()
    finally:
        await session.close()


def websocket_url(url: str) -> str:
    """Return the websocket's address for that of the home page."""
    parts = urlsplit(url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/api/websocket"


def tls(spec: HomeAssistantSpec) -> bool | aiohttp.Fingerprint:
    """Return how far the server's certificate is to be checked."""
    return aiohttp.Fingerprint(spec.fingerprint) if spec.fingerprint is not None else spec.verify_tls


async def _connect(session: aiohttp.ClientSession, spec: HomeAssistantSpec) -> aiohttp.ClientWebSocketResponse:
    try:
        return await session.ws_connect(websocket_url(spec.url), ssl=tls(spec), max_msg_size=LARGEST_MESSAGE)
    except aiohttp.ServerFingerprintMismatch as error:
        raise WrongAddressError(
            f"the certificate of {spec.url} has the fingerprint {_spelled(error.got)}, not the configured one; "
            "if you renewed it, write the new fingerprint, else somebody stands in between"
        ) from None
    except aiohttp.ClientConnectorCertificateError:
        raise WrongAddressError(await _untrusted(spec)) from None
    except aiohttp.ClientSSLError:
        raise WrongAddressError(f"{spec.url} does not speak https; write http:// if it is plain") from None
    except aiohttp.WSServerHandshakeError as error:
        if error.status >= SERVER_ERROR:
            raise LinkLostError(
                f"{spec.url} answers, but has no Home Assistant behind it (HTTP {error.status})"
            ) from None
        raise WrongAddressError(
            f"{spec.url} answers, but not as Home Assistant does (HTTP {error.status}); write the address that its "
            "own page has in the browser, without a path"
        ) from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
        raise WrongAddressError(f"{spec.url} is no address; write e.g. http://homeassistant.local:8123") from None
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientResponseError, aiohttp.ClientOSError) as error:
        if urlsplit(spec.url).scheme == "http" and await _speaks_tls(spec.url):
            raise WrongAddressError(f"{spec.url} speaks https; write https://") from None
        raise LinkLostError(f"nothing answers at {spec.url} ({_plain(error)})") from error


def _plain(error: Exception) -> str:
    cause = getattr(error, "os_error", None) or error
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__


def _spelled(fingerprint: bytes) -> str:
    return ":".join(f"{byte:02X}" for byte in fingerprint)


async def _certificate(url: str) -> bytes | None:
    """Return the certificate a server shows, unchecked; None where there is no TLS."""
    parts = urlsplit(url)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(3.0):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or 443, ssl=context)
    except (OSError, TimeoutError):
        return None
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return bytes(certificate)


async def _speaks_tls(url: str) -> bool:
    return await _certificate(url) is not None


async def _untrusted(spec: HomeAssistantSpec) -> str:
    certificate = await _certificate(spec.url)
    shown = "" if certificate is None else f' "{_spelled(hashlib.sha256(certificate).digest())}"'
    return (
        f"the certificate of {spec.url} is not trusted (self-signed?); compare its SHA-256 fingerprint with the "
        f"server's and pin it with home_assistant.fingerprint:{shown}, or accept any with home_assistant.verify_tls: "
        "false, which lets anyone on the way pose as your Home Assistant"
    )


async def _authenticate(socket: aiohttp.ClientWebSocketResponse, token: str) -> str:
    try:
        hello = await socket.receive_json()
        await socket.send_str(json.dumps({"type": "auth", "access_token": token}))
        answer = await socket.receive_json()
    except (TypeError, ValueError) as error:
        raise LinkLostError("Home Assistant closed the connection while it was opened") from error
    kind = answer.get("type") if isinstance(answer, dict) and isinstance(hello, dict) else None
    if kind not in {"auth_ok", "auth_invalid"}:
        raise WrongAddressError("what answers speaks another language than Home Assistant; check home_assistant.url")
    if kind == "auth_invalid":
        raise TokenRefusedError(
            "Home Assistant refuses the token; make a long-lived one in its user profile, under Security, and write "
            "it to home_assistant.token"
        )
    return str(answer.get("ha_version") or hello.get("ha_version"))
