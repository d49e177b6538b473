"""What our commands have in common: no word is swallowed, and a refused start is one sentence and exit code 1."""

from __future__ import annotations

import argparse
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

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if unknown := [word for word in args if re.match(r"-+[A-Za-z]", word)]:
            raise UsageError(f"This command has no option {unknown[0]}; --help lists them", print_help=False)
        self.check_words(args)
        try:
            self.exitcode = self.act(args, opts) or 0
            sys.stdout.flush()
        except BrokenPipeError:  # | head: who read us has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python still flushes at its end
            self.exitcode = 128 + signal.SIGPIPE
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

    def fail(self, sentence: str) -> None:
        print(f"n8n_scraper: {sentence}", file=sys.stderr)
        self.exitcode = FAULT
