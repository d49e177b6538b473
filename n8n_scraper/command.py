"""What our commands have in common: no word is swallowed, and a refused start is one sentence and exit code 1."""

from __future__ import annotations

import argparse
import errno
import io
import os
import re
import signal
import sys
from abc import abstractmethod
from typing import Any, ClassVar

import psycopg2
import psycopg2.errors
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from n8n_scraper.exceptions import StartError, StoreUnavailable
from n8n_scraper.exit_codes import FAULT
from n8n_scraper.given_settings import check_given
from n8n_scraper.store.database import LOCKED


class ProjectCommand(ScrapyCommand):
    """Subclasses write :meth:`act`. Scrapy's parser hands unknown options on as words: they are refused."""

    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    @abstractmethod
    def act(self, args: list[str], opts: argparse.Namespace) -> int | None:
        """Do it; returns the exit code, None for 0.

        Raises:
            StartError: in one sentence what, where and what to do.
        """

    def check_words(self, args: list[str]) -> None:
        """Refuse words that the command does not take; most take none."""
        if args:
            raise UsageError(f"This command takes no words; got: {' '.join(args)}", print_help=False)

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)
        assert self.settings is not None
        check_given(self.settings)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if unknown := [word for word in args if re.match(r"-+[A-Za-z]", word)]:
            raise UsageError(f"This command has no option {unknown[0]}; --help lists them", print_help=False)
        self.check_words(args)
        try:
            self.exitcode = self._act_and_print(args, opts)
        except KeyboardInterrupt:
            self.fail("Interrupted.")
            self.exitcode = 128 + signal.SIGINT
        except StartError as error:
            self.fail(str(error))
        except psycopg2.errors.LockNotAvailable:
            self.fail(LOCKED)
        except (
            psycopg2.OperationalError,
            psycopg2.InterfaceError,
            StoreUnavailable,
        ):  # its text may repeat the address
            self.fail("The store stopped answering.")

    def _act_and_print(self, args: list[str], opts: argparse.Namespace) -> int:
        if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that cannot show a character is told its number
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            code = self.act(args, opts) or 0
            if sys.stdout is not None:  # closed by who started us
                sys.stdout.flush()
        except BrokenPipeError:  # | head: who read us has seen enough
            _drop_output()
            return 128 + signal.SIGPIPE
        except OSError as error:
            if error.errno != errno.ENOSPC or error.filename is not None:
                raise
            _drop_output()
            raise StartError(f"What this command prints cannot be written ({error.strerror}).") from None
        return code

    def fail(self, sentence: str) -> None:
        print(f"n8n_scraper: {sentence}", file=sys.stderr)
        self.exitcode = FAULT


def _drop_output() -> None:
    """Python flushes once more at its end, and would complain again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
