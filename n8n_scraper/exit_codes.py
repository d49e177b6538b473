"""What a close reason means for the exit code. Pure; the one place for both."""

from __future__ import annotations

CLOSE_REASONS: dict[str, tuple[int, str]] = {
    "finished": (0, "every id of the job has a row, failed ones included"),
    "shutdown": (0, "one clean signal; the next run of the job goes on"),
    "dry_run": (0, "the plan was printed"),
    "planned": (0, "a worker has fixed the ids of its task; other tasks crawl them"),
    "circuit_breaker_open": (3, "the site did not recover within BREAKER_GIVE_UP"),
    "blocked": (3, "the site refuses us"),
    "store_unavailable": (3, "Postgres went away and did not come back"),
    "disk_full": (3, "no space left for the store or the files"),
    "put_off": (3, "the site asked for a long wait before some ids; a later run of the job asks for them"),
    "robots_unreachable": (3, "robots.txt could not be read, so nothing was asked for"),
    "structure_drift": (4, "a field that the answers had before is gone; nothing with the hole is stored"),
    "check_failed": (4, "every id has a row, but a declared check failed; the log and the report say which"),
    "disallowed": (1, "robots.txt closes everything that the arguments leave to ask"),
    "listing_unavailable": (3, "the listing could not be read, so it is unknown what changed"),
    "sitemap_unavailable": (3, "the sitemap could not be read, so it is unknown what there is"),
}
"""Close reason → (exit code, meaning)."""
FAULT = 1
"""Exit code of everything that is not in the table: a fault of ours."""


def exit_code(reason: str | None) -> int:
    return CLOSE_REASONS.get(reason or "", (FAULT, ""))[0]
