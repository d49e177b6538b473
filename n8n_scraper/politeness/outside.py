"""Addresses outside the two hosts, named by somebody else: which of them may be asked at all. Pure.

A template may name any address: of this machine, of the network it stands in, of a cloud's metadata service. Only
public ones are asked, others where a setting names their host. The name is judged here, what it resolves to in
``n8n_scraper.resolver``; where a proxy resolves names (``http_proxy``), only the name is judged.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_URL_LENGTH = 4_096
_INNER_NAMES = ("localhost", "local", "internal", "lan", "home.arpa", "intranet", "corp", "home")
"""Names, and the ends of names, that only an inner network has."""
_METADATA = frozenset({"168.63.129.16"})
"""Public by its number, and the inside of a cloud (Azure)."""


def refusal(url: str, inner_hosts: Collection[str]) -> str | None:
    """Why an address must not be asked; None where it may. ``inner_hosts`` may be inner ones, on any port."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "not an address"
    if len(url) > MAX_URL_LENGTH or parts.scheme not in DEFAULT_PORTS or not host:
        return "not an address of the web"
    if parts.username is not None or parts.password is not None:
        return "an address with a user name"
    if host in inner_hosts:
        return None
    if port not in {None, DEFAULT_PORTS[parts.scheme]}:
        return "an address with a port of its own"
    return None if _is_public_name(host) else "an address that is not public"


def is_public(address: str) -> bool:
    """Whether an IP address belongs to a machine of the public net."""
    try:
        ip = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip.sixtofour or ip.teredo or ip in _NAT64:  # an IPv4 address inside that nobody has looked at
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and str(ip) not in _METADATA


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _is_public_name(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." in host and not any(host == name or host.endswith(f".{name}") for name in _INNER_NAMES)
    return is_public(host)
