"""``python -m n8n_scraper.work.child crawl workflows …``: a command of Scrapy that does not outlive its worker.

Its standard input is a pipe that closes when the worker ends, however it ends. Then the crawl gets one clean signal,
and is killed when that does not end it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from scrapy.cmdline import execute

GRACE_SECONDS = 20.0
"""For what is on its way; below the shortest lease, so that nobody runs the task meanwhile."""


def _end_with_worker() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_end_with_worker, daemon=True, name="end with worker").start()
    execute(["scrapy", *sys.argv[1:]])
