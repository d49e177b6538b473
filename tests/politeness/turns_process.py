"""A process that takes turns for some seconds and prints when: ``python turns_process.py RATE SECONDS [DSN]``.

It begins when a line comes, so that several begin together.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from functools import partial

from n8n_scraper.politeness.gate import Gate
from n8n_scraper.politeness.pace import Pace
from n8n_scraper.politeness.reservation import LocalReservations, Reservations
from n8n_scraper.store.database import connect
from n8n_scraper.store.rate import StoredReservations
from n8n_scraper.store.thread import StoreThread


async def take_turns(reservations: Reservations, seconds: float) -> list[float]:
    gate = Gate(reservations)
    await gate.acquire()
    moments = [time.monotonic()]
    while moments[-1] < moments[0] + seconds:
        await gate.acquire()
        moments.append(time.monotonic())
    gate.close()
    return moments


rate, seconds = float(sys.argv[1]), float(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
if len(sys.argv) > 3:
    thread = StoreThread(partial(connect, sys.argv[3]))
    print(json.dumps(asyncio.run(take_turns(StoredReservations(thread, "test", rate), seconds))))
    thread.close()
else:
    print(json.dumps(asyncio.run(take_turns(LocalReservations(Pace(rate)), seconds))))
