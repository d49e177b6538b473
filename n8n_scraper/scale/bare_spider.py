"""The least that Scrapy can do: ask, parse the JSON, yield it. Run by itself, outside of the project."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import scrapy
from scrapy.http import Response


class BareSpider(scrapy.Spider):
    """``-a addresses=FILE``: one a line."""

    name = "bare"

    def __init__(self, addresses: str) -> None:
        super().__init__()
        self._addresses = Path(addresses).read_text(encoding="ascii").split()

    async def start(self) -> AsyncIterator[scrapy.Request]:
        for address in self._addresses:
            yield scrapy.Request(address)

    def parse(self, response: Response) -> Iterator[dict[str, Any]]:
        yield json.loads(response.body)
