"""What is started to try a run again is never what a forged ``run.json`` wants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.exceptions import StartError
from n8n_scraper.scale.analysis import retry
from n8n_scraper.scale.run_folder import read_folder
from tests.scale.analysis.conftest import NewFolder

RUN = ["scale", "run", "--size", "40"]


def _words(new_folder: NewFolder, arguments: list[str], **run: Any) -> list[str]:
    return retry.words(read_folder(new_folder(run={"arguments": arguments, **run})))


@pytest.mark.parametrize(
    ("arguments", "run", "words"),
    [
        (RUN, {}, RUN),
        ([*RUN, "--out", "somewhere"], {}, RUN),
        (["scale", "run", "--size=40", "--seed=-3"], {}, [*RUN, "--seed", "-3"]),
        ([*RUN, "--clock", "10"], {"clock": 10.0}, [*RUN, "--clock", "10"]),
        ([*RUN, "--rate", "0", "--latency", "0.1-0.2"], {"rate": 0.0}, [*RUN, "--rate", "0", "--latency", "0.1-0.2"]),
        ([*RUN, "--layers", "1,2,3, media"], {"layers": "1,2,3, media"}, [*RUN, "--layers", "1,2,3, media"]),
        (["scale", "run"], {"size": 1000}, ["scale", "run"]),
    ],
)
def test_the_command_of_a_run(new_folder: NewFolder, arguments: list[str], run: Any, words: list[str]) -> None:
    assert _words(new_folder, arguments, **run) == words


def test_files_of_a_run_must_be_there(new_folder: NewFolder, tmp_path: Path) -> None:
    (tmp_path / "corpus").touch()
    words = [*RUN, "--corpus", str(tmp_path / "corpus")]
    assert _words(new_folder, words) == words
    before = str(new_folder("before"))
    words = ["scale", "run", "--again", before]
    assert retry.words(read_folder(new_folder("again", run={"arguments": words, "again": before}))) == words


@pytest.mark.parametrize(
    "arguments",
    [
        ["shell", "--nolog", "-c", "open('/tmp/x', 'w')"],
        ["scale", "kills"],
        ["scale"],
        [*RUN, "-s", "EXTENSIONS=evil"],
        [*RUN, "--set", "EXTENSIONS=evil"],
        [*RUN, "--set=EXTENSIONS=evil"],
        [*RUN, "-sEXTENSIONS=evil"],
        [*RUN, "--pidfile", "/etc/passwd"],
        [*RUN, "--profile", "x"],
        [*RUN, "-L", "DEBUG"],
        [*RUN, "--logfile=x"],
        [*RUN, "--siz", "40"],
        [*RUN, "--", "x"],
        [*RUN, "word"],
        [*RUN, "--seed"],
        [*RUN, "--seed", "--set=X=1"],
        [*RUN, "--rate", "nan"],
        [*RUN, "--rate", "-1"],
        [*RUN, "--clock", "1e9"],
        [*RUN, "--layers", "1,evil"],
        [*RUN, "--latency", "0.1 0.2"],
        [*RUN, "--corpus", "nowhere"],
        [*RUN, "--corpus", "--set"],
        [*RUN, "--again", "nowhere"],
        ["scale", "run", "--size", "30"],
        ["scale", "run"],
        [*RUN, "--clock", "100"],
        [*RUN, "--rate", "3"],
        [*RUN, "--layers", "1"],
        [],
    ],
)
def test_other_words_are_not_started(new_folder: NewFolder, arguments: list[str]) -> None:
    with pytest.raises(StartError, match=r"so the run cannot be tried again: --retries 0\.$"):
        _words(new_folder, arguments)


def test_the_retry_of_a_retest_asks_for_the_same_run(new_folder: NewFolder) -> None:
    before = str(new_folder("before"))
    words = ["scale", "run", "--again", before]
    with pytest.raises(StartError, match="has arguments of another again"):
        _words(new_folder, words, again="other")
