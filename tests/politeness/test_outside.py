"""Which addresses outside the two hosts may be asked."""

from __future__ import annotations

import pytest

from n8n_scraper.politeness.outside import is_public, refusal

INNER = frozenset({"n8n.io", "127.0.0.1", "images.test"})


@pytest.mark.parametrize(
    "url",
    [
        "https://uploads.n8n.io/a.png",
        "http://i.imgur.com:80/a.png?b=c#d",
        "https://i.imgur.com:443/a.png",
        "https://8.8.8.8/a.png",
        "https://xn--bcher-kva.example/a.png",
        "https://trailing.example./a.png",
        "http://127.0.0.1:8123/a.png",
        "http://images.test:8123/a.png",
        "http://0x7f.1/judged-when-it-is-resolved.png",
    ],
)
def test_what_may_be_asked(url: str) -> None:
    assert refusal(url, INNER) is None


@pytest.mark.parametrize(
    "url",
    [
        "ftp://i.imgur.com/a.png",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "//i.imgur.com/a.png",
        "https://",
        "https://user:secret@i.imgur.com/a.png",
        "https://user@i.imgur.com/a.png",
        "https://i.imgur.com:8443/a.png",
        "http://i.imgur.com:443/a.png",
        "https://i.imgur.com:port/a.png",
        "https://[::1/a.png",
        "https://i.imgur.com/" + "a" * 5000,
        "http://localhost/a.png",
        "http://LOCALHOST./a.png",
        "http://a.localhost/a.png",
        "http://printer.local/a.png",
        "http://metadata.google.internal/computeMetadata/v1/",
        "http://intranet/a.png",
        "http://router.home.arpa/a.png",
        "http://127.0.0.2/a.png",
        "http://10.1.2.3/a.png",
        "http://192.168.1.1/a.png",
        "http://172.16.0.1/a.png",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.100.100.200/latest/meta-data/",
        "http://168.63.129.16/machine/",
        "http://0.0.0.0/a.png",
        "http://[::1]/a.png",
        "http://[::ffff:10.1.2.3]/a.png",
        "http://[fe80::1]/a.png",
        "http://[fd00:ec2::254]/latest/meta-data/",
    ],
)
def test_what_is_never_asked(url: str) -> None:
    assert refusal(url, INNER)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.31.255.255", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("255.255.255.255", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("192.0.2.1", False),
        ("168.63.129.16", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:7f00:1::", False),
        ("not an address", False),
    ],
)
def test_what_a_name_may_lead_to(address: str, public: bool) -> None:
    assert is_public(address) is public
