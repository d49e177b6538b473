"""Certificates are verified: real HTTPS servers on loopback, whose certificates are good, or bad in one way."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .waiting import PATIENCE

ROOT = Path(__file__).parents[1]
NOW = datetime.now(timezone.utc)
DAY = timedelta(days=1)


class Signed(NamedTuple):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def save(self, path: Path) -> Path:
        """Certificate and key in one file."""
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM) + key)
        return path


def sign(name: str, signer: Signed | None = None, *, until: datetime = NOW + DAY, is_ca: bool = False) -> Signed:
    """A certificate for a host name, by ``signer`` or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.certificate.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 9 * DAY)
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .sign(signer.key if signer else key, hashes.SHA256())
    )
    return Signed(certificate, key)


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]  # set by the test
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *words: Any) -> None:
        """Nothing."""


class QuietServer(ThreadingHTTPServer):
    asked: list[str]

    def handle_error(self, *words: Any) -> None:
        """Whoever is refused here hangs up in the middle of the handshake."""


class Https(NamedTuple):
    address: str
    asked: list[str]


@contextmanager
def https(certificate: Path) -> Iterator[Https]:
    server = QuietServer(("127.0.0.1", 0), Page)
    server.asked = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Https(f"https://localhost:{server.server_port}", server.asked)
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


Servers = dict[str, Https]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Signed:
    return sign("an authority of ours", is_ca=True)


@pytest.fixture(scope="module")
def servers(authority: Signed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Name of what is wrong → server; ``good`` is signed by the authority."""
    folder = tmp_path_factory.mktemp("certificates")
    made = {
        "good": sign("localhost", authority),
        "self-signed": sign("localhost"),
        "another name": sign("n8n.example", authority),
        "expired": sign("localhost", authority, until=NOW - DAY),
    }
    with ExitStack() as stack:
        yield {name: stack.enter_context(https(signed.save(folder / name))) for name, signed in made.items()}


@pytest.fixture
def ask(authority: Signed, tmp_path: Path) -> Callable[..., str | None]:
    """Asks a server with the settings of the project; the failure kind, None where an answer came."""

    def asked(server: Https, *, is_trusted: bool = True, **settings: Any) -> str | None:
        given = {
            "N8N_SCRAPER_SITE_URL": "http://127.0.0.1:1",  # not asked
            "N8N_SCRAPER_API_URL": server.address,
            "N8N_SCRAPER_API_ROBOTSTXT_OBEY": False,  # the retries of robots.txt would take seconds
            **settings,
        }
        order = json.dumps({"urls": [f"{server.address}/"], "settings": given})
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        environment.pop("SSL_CERT_FILE", None)
        if is_trusted:
            environment["SSL_CERT_FILE"] = str(authority.save(tmp_path / "authority.pem"))
        command = [sys.executable, str(ROOT / "tests/politeness/mini_crawl.py"), order]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
        (outcome,) = json.loads(done.stdout.splitlines()[-1])["outcomes"]
        kind: str | None = outcome["kind"]
        return kind

    return asked


@pytest.mark.parametrize("wrong", ["self-signed", "another name", "expired"])
def test_a_bad_certificate_is_a_failure_of_the_network(
    servers: Servers, ask: Callable[..., str | None], wrong: str
) -> None:
    assert ask(servers[wrong]) == "network"
    assert servers[wrong].asked == []


def test_an_authority_is_trusted_that_ssl_cert_file_names_and_no_other(
    servers: Servers, ask: Callable[..., str | None]
) -> None:
    assert ask(servers["good"], is_trusted=False) == "network"
    assert servers["good"].asked == []
    assert ask(servers["good"]) is None
    assert servers["good"].asked == ["/"]


def test_it_is_the_setting_that_refuses(servers: Servers, ask: Callable[..., str | None]) -> None:
    assert ask(servers["expired"], DOWNLOAD_VERIFY_CERTIFICATES=False) is None
    servers["expired"].asked.clear()
