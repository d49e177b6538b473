"""Each host has its own turns, at its own rate."""

from __future__ import annotations

import asyncio
import time

from n8n_scraper.config import Config
from n8n_scraper.extensions.gates import Gates
from n8n_scraper.politeness.breaker import CircuitBreaker


def test_images_of_one_host_come_one_by_one_whatever_burst_the_site_allows() -> None:
    config = Config(burst=5, media_requests_per_second=20.0, requests_per_second=2.0)

    async def waits() -> list[float]:
        gates = Gates(config, 0.0, None, CircuitBreaker(10, 30.0, 3600.0, time.monotonic))
        first, other = gates.of("https://images.test/a.png"), gates.of("https://other.test:8443/a.png")
        assert gates.of("http://images.test/b.png") is first is not other
        assert gates.of(f"{config.site_url}/x") is gates.of(f"{config.api_url}/x") is gates.common
        return [await gate.acquire() for gate in (first, first, other)]

    begun, waited, elsewhere = asyncio.run(waits())
    assert waited > 0.9 / 20, "never sooner, however busy the machine is"
    assert max(begun, elsewhere) < 60
