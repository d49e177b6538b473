from __future__ import annotations

import os
import subprocess
import sys

import psutil

from n8n_scraper.scale.processes import Group, cpu_with_reaped, family
from tests.waiting import wait_until

BUSY = "import time\nwhile time.process_time() < 0.4: pass\nprint(flush=True)\ninput()"


def _busy() -> subprocess.Popen[bytes]:
    """A process that has used 0.4 s, by a clock finer than the kernel tells, and waits."""
    child = subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout
    child.stdout.readline()
    return child


def test_what_an_ended_process_used_stays_counted() -> None:
    before = cpu_with_reaped(family(psutil.Process()).values())
    group = Group()
    with _busy() as child:
        living = group.look(family(psutil.Process(child.pid)).values())
        child.communicate(b"\n")
    with _busy() as second:
        both = group.look(family(psutil.Process(second.pid)).values())
        second.communicate(b"\n")
    assert living
    assert both
    assert living.cpu_seconds >= 0.3
    assert both.cpu_seconds >= living.cpu_seconds + 0.3
    assert living.memory_bytes > 1e6
    assert (living.process_count, living.thread_count) == (1, 1)
    assert cpu_with_reaped(family(psutil.Process()).values()) - before >= 0.6
    assert group.look([]) is None


def test_a_family_is_all_that_descends_from_its_roots() -> None:
    script = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BUSY!r}])"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as child:
        wait_until(lambda: len(family(psutil.Process(child.pid))) == 2)
        assert child.pid in family(psutil.Process())
        assert os.getpid() not in family(psutil.Process(child.pid), None)
        child.communicate(b"\n")
