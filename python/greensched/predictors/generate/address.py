"""Which addresses an endpoint may have."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from greensched.core.errors import ConfigError
from greensched.core.http import is_loopback

_EXAMPLE = "expected one such as http://127.0.0.1:8000/v1"


def endpoint_of(url: str, *, allow_remote: bool, with_key: bool, owner: str) -> SplitResult:
    """The parts of an endpoint's address.

    Args:
        url: as the scenario has it.
        allow_remote: whether it may be on another machine.
        with_key: whether a key is sent there.
        owner: who asks, for messages.

    Raises:
        ConfigError: it may not be asked; the message holds no user, password or query.
    """
    where = f"{owner}: option 'endpoint'"
    if not url.isprintable() or " " in url:
        raise ConfigError(f"{where}: holds characters that no address has; {_EXAMPLE}")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigError(f"{where}: is no address; {_EXAMPLE}") from None
    shown = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError(f"{where}: asked over {parts.scheme or 'nothing'!r}, {_EXAMPLE} (http or https)")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigError(f"{where}: {shown}: no user, password or query belongs there; a key goes by 'api_key_env'")
    if is_loopback(host):
        return parts
    if not allow_remote:
        raise ConfigError(
            f"{where}: {shown} is another machine, and prompts hold what users wrote; set 'allow_remote: true' if it "
            "may have them"
        )
    if with_key and parts.scheme == "http":
        raise ConfigError(f"{where}: {shown}: a key goes to another machine over https only")
    return parts
