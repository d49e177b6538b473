"""Decompresses answers; a broken one goes on to the retry middleware instead of past it."""

from __future__ import annotations

import struct
import zlib

import brotli
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response

from n8n_scraper.site.answers import judge_exception

ACCEPTED = "gzip, br"
"""What our requests offer: the encodings whose errors are known here."""
_ERRORS = (EOFError, OSError, ValueError, struct.error, zlib.error, brotli.error, IgnoreRequest)


class DecompressionMiddleware(HttpCompressionMiddleware):
    """Sets meta ``damage`` to what a body that cannot be decompressed means.

    An exception of a ``process_response`` passes all later middlewares by, so that nobody would retry it.
    """

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]  # the base still has Scrapy's former argument ``spider``
        request.meta.pop("damage", None)
        try:
            return super().process_response(request, response)
        except _ERRORS as error:
            failure = judge_exception(error)
            if failure is None:
                raise
            request.meta["damage"] = failure
            return response
