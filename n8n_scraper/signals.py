"""Signals of ours, beside Scrapy's."""

from __future__ import annotations

row_stored = object()
"""The row of ``item`` is committed, with what this crawl brought; stages may still be before it."""
