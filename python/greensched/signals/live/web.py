"""What a source fetches through: cache first, then the network with patience, keys in nothing that is shown or kept."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

from greensched.core import http
from greensched.core.errors import ConfigError, DataError
from greensched.core.keys import MASK, Secret
from greensched.signals.ingest.text import decode, parse_json
from greensched.signals.ingest.values import shown
from greensched.signals.live.cache import Cache, Reply

FRESH_S = 3600.0
"""A reply about a window that may still change is used again for this long."""
Secrets = Mapping[str, Secret]


class Unreachable(DataError):
    """No reply for now; what came before it is worth keeping."""


@dataclass
class Web:
    """The network as one source may use it.

    Attributes:
        source: name of the source, for cache and messages.
        licence: of its data.
        hosts: hosts that it may ask.
        cache: where replies are kept.
        offline: never ask, only look into the cache.
        limits: bounds.
        test_server: address of a server on this machine that stands in for all hosts, as ``{address}/{host}/{path}``.
        pause: waits that many seconds.
        used: replies that were used so far, for provenance.
        fresh: those of them that came from the network.
    """

    source: str
    licence: str
    hosts: frozenset[str]
    cache: Cache
    offline: bool = False
    limits: http.Limits = field(default_factory=http.Limits)
    test_server: str | None = None
    pause: Callable[[float], None] = time.sleep
    used: list[Reply] = field(default_factory=list)
    fresh: list[Reply] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.test_server is not None and not http.is_loopback(urlsplit(self.test_server).hostname or ""):
            raise ConfigError("the test server must be on this machine, e.g. http://127.0.0.1:8000")

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        *,
        secrets: Callable[[], Secrets] | None = None,
        secret_params: Callable[[], Secrets] | None = None,
        final: bool = False,
        keep: bool = True,
        check: Callable[[bytes, str], Any] = lambda body, place: None,
    ) -> Reply:
        """The reply to a GET, from the cache or from the network.

        Args:
            url: address without query.
            params: query; kept in cache and provenance.
            secrets: headers with secrets; asked for only when the network is.
            secret_params: the same for the query.
            final: the reply can no longer change, so the cache's is always good.
            keep: whether the reply may be kept at all (a token may not).
            check: refuses a body, given with its place, that is not worth keeping.

        Raises:
            ConfigError: a key is missing or refused.
            DataError: no usable reply, with what to do.
        """
        public = url + (f"?{urlencode(params)}" if params else "")
        known = self.cache.find(self.source, public) if keep else None
        if known is not None and (self.offline or final or 0 <= known.age_s < FRESH_S):
            self.used.append(known)
            return known
        if self.offline:
            raise DataError(
                f"{self.source}: offline, and the cache has no reply to {public}; fetch it once without --offline"
            )
        if len(self.used) >= self.limits.requests:
            raise DataError(f"{self.source}: {self.limits.requests} requests made, no more; ask for a shorter window")
        reply = self._ask(public, secrets() if secrets else {}, secret_params() if secret_params else {})
        check(reply.body, f"{self.source} ({public})")
        if keep:
            self.cache.keep(reply)
            self.fresh.append(reply)
            self.used.append(reply)
        return reply

    def forget(self) -> None:
        """Take what this object fetched out of the cache: it turned out to be wrong."""
        for reply in self.fresh:
            self.cache.drop(reply)
        self.fresh.clear()

    def json(self, url: str, params: Mapping[str, str] | None = None, **how: Any) -> tuple[Any, str, Reply]:
        """The document of a JSON reply, its place for messages, and the reply; ``how`` as for :meth:`get`."""
        reply = self.get(url, params, check=_parse, **how)
        place = f"{self.source} ({reply.url})"
        return _parse(reply.body, place), place, reply

    def _ask(self, public: str, headers: Secrets, query: Secrets) -> Reply:
        hidden = {secret.reveal(): MASK for secret in [*headers.values(), *query.values()]}
        send = {name: secret.reveal() for name, secret in headers.items()}
        url = public + ("&" if "?" in public else "?") * bool(query)
        url += urlencode({name: secret.reveal() for name, secret in query.items()})
        http.check(url, self.hosts)
        if self.test_server is not None:
            parts = urlsplit(url)
            url = f"{self.test_server}/{parts.hostname}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        for attempt in range(1, self.limits.tries + 1):
            last = attempt == self.limits.tries
            try:
                answer = http.get(url, send, self.hosts, self.limits)
            except http.HttpError as error:
                if last or not error.again:
                    hint = "; use --offline for what the cache has" if error.offline else ""
                    raise Unreachable(f"{self.source}: {error}{_tried(attempt)}{hint}") from error
                self.pause(_backoff_s(attempt))
                continue
            if answer.status == 200:
                now = datetime.now(UTC).replace(microsecond=0).isoformat()
                return Reply(self.source, public, now, self.licence, sha256(answer.body).hexdigest(), answer.body)
            if last or answer.status not in http.BUSY:
                raise self._refused(answer, public, hidden, attempt, [*headers.values(), *query.values()])
            self.pause(self._wait_s(answer, attempt))
        raise AssertionError("the last try returns or raises")

    def _wait_s(self, answer: http.Answer, attempt: int) -> float:
        """How long a busy service wants to be left alone, at least our own back-off."""
        asked = http.retry_after_s(answer.headers.get("retry-after", ""), time.time())
        if asked > self.limits.wait_s:
            raise Unreachable(
                f"{self.source}: busy (HTTP {answer.status}), asks for {asked:.0f} s of patience; try again then"
            )
        return max(asked, _backoff_s(attempt))

    def _refused(
        self, answer: http.Answer, public: str, hidden: Mapping[str, str], attempt: int, secrets: list[Secret]
    ) -> ConfigError | DataError:
        said = answer.body[:300].decode("utf-8", "replace")
        for text, mask in hidden.items():
            said = said.replace(text, mask)
        said = f", it says '{shown(' '.join(said.split()))}'" if said.strip() else ""
        if 300 <= answer.status < 400:
            to = shown(urlsplit(answer.headers.get("location", "")).hostname or "elsewhere on it")
            return DataError(f"{self.source}: redirects to {to}, which is not followed; is there a newer version?")
        if answer.status in (401, 403):
            names = ", ".join(secret.name for secret in secrets) or "no key"
            return ConfigError(f"{self.source}: refused (HTTP {answer.status}) with {names}{said}; is the key right?")
        return Unreachable(f"{self.source}: HTTP {answer.status} for {public}{said}{_tried(attempt)}")


def _parse(body: bytes, place: str) -> Any:
    return parse_json(decode(body, place), place)


def _tried(attempt: int) -> str:
    return f" (tried {attempt} times)" if attempt > 1 else ""


def _backoff_s(attempt: int) -> float:
    """1, 2, 4, ... s, each anywhere between half and one and a half of it, so that clients do not come together."""
    return float(2 ** (attempt - 1) * random.uniform(0.5, 1.5))
