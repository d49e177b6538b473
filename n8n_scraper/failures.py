"""The closed set of failure kinds, and what is done about each. Pure."""

from __future__ import annotations

from typing import NamedTuple


class FailureKind(NamedTuple):
    """One kind of failure and the policy for it."""

    name: str
    origin: str
    retried: bool
    layer_status: str
    """The status of the layers that such an answer should have brought."""
    trips_breaker: bool
    """Whether an unbroken row of these opens the circuit breaker."""


KINDS: dict[str, FailureKind] = {
    kind.name: kind
    for kind in (
        FailureKind("gone", "404, 410, 204, unpublished", False, "gone", False),
        FailureKind(
            "blocked",
            "401, 403, 451, a challenge page, HTML with 200 in place of JSON",
            False,
            "blocked",
            False,
        ),
        FailureKind("rate_limited", "429", True, "failed", True),
        FailureKind("server", "500–504, 520–530", True, "failed", True),
        FailureKind("network", "resets, DNS, TLS", True, "failed", True),
        FailureKind("timeout", "no answer in time, WORKFLOW_TIMEOUT", True, "failed", True),
        FailureKind("malformed", "broken, truncated or empty body, an answer for another id", True, "failed", False),
        FailureKind("too_large", "over MAX_BODY_BYTES, also after decompression", False, "failed", False),
        FailureKind("unexpected", "any other status, a redirect off the site", False, "failed", False),
        FailureKind("store", "the store refused it", False, "failed", False),
        FailureKind("internal", "our own fault", False, "failed", False),
    )
}
