"""Every address of the site is made and read here. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urlsplit

MAX_ID = 2**31 - 1
MAX_ADDRESS_LENGTH = 2_048

_ID = re.compile(r"[1-9][0-9]{0,9}")
_WORKFLOW_PATH = re.compile(r"/workflows/([1-9][0-9]{0,9})(?:-([^/]+))?/?")
_NEVER_IN_AN_ADDRESS = re.compile(r"[\x00-\x20\x7f\\]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class WorkflowRef(NamedTuple):
    id: int
    slug: str | None


class Site(NamedTuple):
    """The two hosts we talk to, each an address without a path: ``https://n8n.io`` and ``https://api.n8n.io``."""

    site_url: str
    api_url: str

    def page(self, id: int, slug: str) -> str:
        """The canonical address, with its trailing slash. A right id with a wrong slug is a 404 there."""
        tail = f"{id}-{quote(slug, safe='%-._~')}" if slug else str(id)
        return f"{self.site_url}/workflows/{tail}/"

    def bare_page(self, id: int) -> str:
        """For an id without a known slug; whether the site redirects from here to the canonical address is open."""
        return f"{self.site_url}/workflows/{id}"

    def detail(self, id: int) -> str:
        """Layers 1, 2 and 3 in one answer."""
        return f"{self.api_url}/api/templates/workflows/{id}"

    def editor(self, id: int) -> str:
        """The only answer with price, updatedAt and status of one id."""
        return f"{self.api_url}/api/workflows/{id}"

    def listing(self, page: int, rows: int = 100) -> str:
        """Prices and views of many ids; pages count from 1, more than 100 rows are refused."""
        return f"{self.api_url}/api/templates/search?page={page}&rows={rows}"

    @property
    def sitemap_index(self) -> str:
        return f"{self.site_url}/sitemap_index.xml"

    @property
    def site_robots(self) -> str:
        return f"{self.site_url}/robots.txt"

    @property
    def api_robots(self) -> str:
        return f"{self.api_url}/robots.txt"

    def is_ours(self, url: str) -> bool:
        """Whether an address has scheme, host and port of one of the two hosts, and no user name."""
        origin = _origin(url)
        return origin is not None and origin in (_origin(self.site_url), _origin(self.api_url))

    def read(self, text: str) -> WorkflowRef | None:
        """An id ("123") or the address of a workflow's page, with or without slug, slash, query and fragment."""
        text = text.strip()
        if _ID.fullmatch(text):
            return _ref(text, None)
        parts = _split(text)
        if parts is None or _origin(text) != _origin(self.site_url):
            return None
        match = _WORKFLOW_PATH.fullmatch(parts.path)
        return _ref(match[1], match[2]) if match else None


def _ref(id: str, slug: str | None) -> WorkflowRef | None:
    return WorkflowRef(int(id), slug) if int(id) <= MAX_ID else None


def _split(url: str) -> SplitResult | None:
    if len(url) > MAX_ADDRESS_LENGTH or _NEVER_IN_AN_ADDRESS.search(url):
        return None
    try:
        return urlsplit(url)
    except ValueError:
        return None


@lru_cache(maxsize=64)  # several ask about the address of each request, and all of them about our two hosts
def _origin(url: str) -> tuple[str, str, int] | None:
    parts = _split(url)
    if parts is None or parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        return None
    try:
        port = parts.port
    except ValueError:
        return None
    return parts.scheme, parts.hostname, _DEFAULT_PORTS[parts.scheme] if port is None else port


_SPOKEN = {"&": "and", "|": "or", "%": "percent", "$": "dollar", "<": "less", ">": "greater", "€": "euro", "£": "pound"}
_LETTERS = {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "đ": "dj", "ł": "l", "ı": "i", "þ": "th", "ð": "d"}
_NOT_IN_A_SLUG = re.compile(r"[^a-z0-9\s]")


def slugify(name: str) -> str:
    """The slug the site makes of a name; 99 % right, because the site makes it once and names change later."""
    lowered = unicodedata.normalize("NFC", name).replace("-", " ").lower()
    spelled = "".join(_SPOKEN.get(letter) or _LETTERS.get(letter) or _without_accent(letter) for letter in lowered)
    return "-".join(_NOT_IN_A_SLUG.sub("", spelled).split())


def _without_accent(letter: str) -> str:
    return letter if letter.isascii() else unicodedata.normalize("NFD", letter)[0]
