from __future__ import annotations

from pathlib import Path

import pytest

from n8n_scraper.arguments import Arguments, split_layers
from n8n_scraper.exceptions import StartError
from n8n_scraper.site.addresses import Site

SITE = Site("https://n8n.io", "https://api.n8n.io")


def ids_of(text: str) -> list[int] | None:
    refs = Arguments.read({"ids": text}, SITE).ids
    return None if refs is None else [ref.id for ref in refs]


def test_ids_as_a_list_with_addresses_and_duplicates() -> None:
    assert ids_of("3, 1,https://n8n.io/workflows/2-send-a-mail/,1") == [3, 1, 2]


def test_of_an_id_given_twice_the_address_is_kept() -> None:
    refs = Arguments.read(
        {"ids": "2,https://n8n.io/workflows/2-send-a-mail/,2,https://n8n.io/workflows/2-other/"}, SITE
    ).ids
    assert [(ref.id, ref.slug) for ref in refs or ()] == [(2, "send-a-mail")]


def test_a_list_may_be_longer_than_the_name_of_a_file() -> None:
    words = ",".join(map(str, range(1, 2001)))
    assert ids_of(words) == list(range(1, 2001))


def test_ids_file_with_comments_blank_lines_bom_and_crlf(tmp_path: Path) -> None:
    file = tmp_path / "ids.txt"
    file.write_bytes(
        b"\xef\xbb\xbf# the first\r\n1\r\n\r\n  2  # two\r\nhttps://n8n.io/workflows/3-x/?utm_source=a#b\r\n1\r\n"
    )
    assert ids_of(str(file)) == [1, 2, 3]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"1\nnonsense\n", "line 2: 'nonsense'"),
        (b"1\n2\n-3\n", "line 3: '-3'"),
        (b"https://example.com/workflows/3-x/\n", "line 1"),
        (b"99999999999\n", "line 1"),
        (b"# nothing\n", "no id"),
        (b"\xff\xfe1\x00", "UTF-8"),
    ],
)
def test_a_bad_ids_file_is_refused_with_place_and_text(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "ids.txt"
    file.write_bytes(content)
    with pytest.raises(StartError) as refused:
        Arguments.read({"ids": str(file)}, SITE)
    assert said in str(refused.value)
    assert str(file) in str(refused.value)


def test_more_than_100_000_ids_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "ids.txt"
    file.write_text("\n".join(map(str, range(1, 100_002))))
    with pytest.raises(StartError, match="100,000"):
        Arguments.read({"ids": str(file)}, SITE)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"idz": "1"}, "did you mean 'ids'"),
        ({"ids": "missing.txt"}, "no such file"),
        ({"ids": ""}, "is empty"),
        ({"ids": "/"}, "cannot be read"),
        ({"ids": "1,x"}, "'x' is neither"),
        ({"ids": "0"}, "'0' is neither"),
        ({"ids": "-5"}, "'-5' is neither"),
        ({"ids": "99999999999999999999"}, "neither a workflow id"),
        ({"ids": "https://evil.example/workflows/1-x/"}, "'https://evil.example"),
        ({"limit": "0"}, "limit=0"),
        ({"limit": "ten"}, "limit=ten"),
        ({"layers": "1,4"}, "layers=1,4: must be one or more of 1, 2, 3, media, transcripts"),
        ({"layers": ""}, "layers="),
        ({"page": "maybe"}, "auto, yes, no"),
        ({"refresh": "never"}, "refresh=never"),
        ({"refresh": "-1"}, "refresh=-1"),
        ({"refresh": "nan"}, "refresh=nan"),
        ({"dry_run": "perhaps"}, "dry_run=perhaps"),
        ({"refresh": "0"}, "refresh=0"),
        ({"refresh": "36501"}, "refresh=36501"),
        ({"xyzzy": "1"}, "xyzzy"),
        ({"_shard": "x"}, "_shard=x: workers give it"),
    ],
)
def test_a_bad_argument_is_refused_with_its_name_and_value(given: dict[str, str], said: str) -> None:
    with pytest.raises(StartError) as refused:
        Arguments.read(given, SITE)
    assert said in str(refused.value)


def test_defaults_and_values() -> None:
    assert Arguments.read({}, SITE) == Arguments()
    read = Arguments.read({"limit": "5", "layers": "3,1", "refresh": "30", "dry_run": "1", "_job": "x"}, SITE)
    assert (read.limit, read.layers, read.refresh, read.dry_run) == (5, (1, 3), 30.0, True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"refresh": "missing"}, ("missing", "auto", "auto", False)),
        ({"refresh": "changed", "page": "yes"}, ("changed", "yes", "auto", False)),
        ({"refresh": "all", "render": "never"}, ("all", "auto", "never", False)),
        ({"refresh": "0.5", "page": "no"}, (0.5, "no", "auto", False)),
        ({"refresh": "36500", "render": "always"}, (36_500.0, "auto", "always", False)),
        ({"dry_run": "yes"}, ("missing", "auto", "auto", True)),
        ({"dry_run": "True"}, ("missing", "auto", "auto", True)),
        ({"dry_run": "0"}, ("missing", "auto", "auto", False)),
    ],
)
def test_each_value_of_an_argument(given: dict[str, str], expected: tuple[object, ...]) -> None:
    read = Arguments.read(given, SITE)
    assert (read.refresh, read.page, read.render, read.dry_run) == expected


@pytest.mark.parametrize(
    ("text", "layers", "stages", "needed"),
    [
        ("1,2,3", (1, 2, 3), (), (1, 2, 3)),
        ("transcripts, 3,media,1", (1, 3), ("media", "transcripts"), (1, 3)),
        ("1,media", (1,), ("media",), (1, 3)),
        ("media,media", (), ("media",), (3,)),
    ],
)
def test_opt_in_layers_need_the_inventory(
    text: str, layers: tuple[int, ...], stages: tuple[str, ...], needed: tuple[int, ...]
) -> None:
    read = Arguments.read({"layers": text}, SITE)
    assert (read.layers, read.stages, read.needed_layers) == (layers, stages, needed)
    assert split_layers(read.as_json()["layers"]) == {"layers": layers, "stages": stages}
