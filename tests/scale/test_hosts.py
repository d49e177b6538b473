"""A team on several hosts, which are network namespaces here."""

from __future__ import annotations

from pathlib import Path

import pytest

from n8n_scraper.scale import hosts, network

pytest.importorskip("procrastinate", reason="the extra work is not installed: pip install -e '.[work]'")


@pytest.mark.skipif(network.why_not() is not None, reason=network.why_not() or "")
def test_neither_a_database_nor_a_worker_that_is_cut_off_loses_anything(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    said: list[str] = []
    assert hosts.run(tmp_path, count=36, rate=10, say=said.append), said
