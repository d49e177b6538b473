"""What DATABASE_URL says, and what a refused connection means. Pure, and nothing here ever repeats a password.

libpq's own messages are not passed on: from an address with an unescaped password (``user:pa/ss@host``) they repeat
pieces of it as a host or a port.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import psycopg2
from psycopg2 import extensions

from n8n_scraper.exceptions import StartError

_UNREADABLE = (
    "DATABASE_URL cannot be read: write it like postgresql://user:password@host:5432/dbname, "
    "with special characters of the password percent-encoded."
)
_HOST = re.compile(r"(/[^\x00]*|@[\w.-]+|[\w.:,%-]*)")
_PORT = re.compile(r"[\d,]*")
_NAME = re.compile(r"[^/@:?]*")
_REASONS = (
    ("authentication failed", "refused user or password"),
    ("no password supplied", "wants a password and none was given"),
    ("no pg_hba.conf entry", "admits no such user from this machine"),
    ("role .* does not exist", "knows no such user"),
    ("database .* does not exist", "has no such database: make it with createdb"),
    ("permission denied for database", "does not let this user connect to the database"),
    ("SSL|certificate", "and this machine agree on no TLS connection: see sslmode and sslrootcert"),
    ("too many (clients|connections)|connection slots", "has no free connection"),
    ("starting up|shutting down|recovery", "is starting or stopping: try again"),
    ("could not translate host name", "has a name that cannot be resolved"),
    ("timeout expired", "does not answer in time"),
    ("refused|No such file|unreachable|No route", "cannot be reached"),
)


def read_database_url(url: str) -> str:
    """The libpq connection string of an address or of a connection string.

    Raises:
        StartError: it is neither, or its parts look like pieces of an unescaped password.
    """
    try:
        parts = extensions.parse_dsn(url)
    except psycopg2.ProgrammingError:
        raise StartError(_UNREADABLE) from None
    looks = (("host", _HOST), ("port", _PORT), ("dbname", _NAME))
    if not parts or not all(pattern.fullmatch(parts.get(name, "")) for name, pattern in looks):
        raise StartError(_UNREADABLE)
    return str(extensions.make_dsn(**parts))


def refusal(parts: Mapping[str, str], message: str) -> str:
    """A sentence for a connection that failed: who, and why as far as libpq's message tells a known reason."""
    reason = next((said for pattern, said in _REASONS if re.search(pattern, message)), "refused the connection")
    return f"{describe(parts)} {reason}."


def describe(parts: Mapping[str, str]) -> str:
    details = ", ".join(
        f"{name} {parts[key]}" for name, key in (("port", "port"), ("database", "dbname")) if parts.get(key)
    )
    return f"The Postgres server on {parts.get('host') or 'this machine'}" + (f" ({details})" if details else "")


def public_url(dsn: str) -> str:
    """The address without its secrets, in the form that most programs take."""
    parts = {name: value for name, value in extensions.parse_dsn(dsn).items() if value and "password" not in name}
    dbname = quote(parts.pop("dbname", ""))
    return f"postgresql:///{dbname}?{urlencode(parts, safe='/')}"
