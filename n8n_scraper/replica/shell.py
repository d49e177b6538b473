"""A page that is nothing before its scripts have run: the same content, built in the browser. Pure.

It asks for what such pages ask for: a style, a picture and a tracker of others come besides.
"""

from __future__ import annotations

from html import escape

import orjson

SCRIPT_PATH = "/_nuxt/entry.js"
_BUILD = """\
const build = parts => {
  document.head.insertAdjacentHTML("beforeend", parts.head);
  document.title = document.head.querySelector("title:last-of-type").textContent;
  document.body.innerHTML = parts.body;
  fetch("https://tracker.example.com/hit", {mode: "no-cors"}).catch(() => null);
};
"""
SCRIPT = _BUILD + (
    'fetch(document.getElementById("__nuxt").dataset.payload).then(answer => answer.json()).then(build);\n'
)


def inline_shell(page: str) -> str:
    """The content is in the page, as JSON."""
    data = payload(page).decode().replace("<", "\\u003c")
    return _shell(
        '<div id="__nuxt"></div>'
        f'<script type="application/json" id="__DATA__">{data}</script>'
        f'<script>{_BUILD}build(JSON.parse(document.getElementById("__DATA__").textContent));</script>'
    )


def xhr_shell(path: str) -> str:
    """A script of the site asks for the content of the page at ``path``."""
    address = escape(f"{path}_payload.json")
    return _shell(f'<div id="__nuxt" data-payload="{address}"></div><script defer src="{SCRIPT_PATH}"></script>')


def payload(page: str) -> bytes:
    """Head and body of a whole page, as JSON."""
    _, _, rest = page.partition("<head>")
    head, _, rest = rest.partition("</head><body>")
    return orjson.dumps({"head": head, "body": rest.rpartition("</body>")[0]})


def _shell(body: str) -> str:
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>n8n</title>'
        '<link rel="preconnect" href="https://fonts.example.com"><link rel="stylesheet" href="/_nuxt/entry.css">'
        '<link rel="icon" href="/favicon.ico"><script async src="https://tracker.example.com/t.js"></script></head>'
        f'<body>{body}<noscript>This site needs JavaScript.</noscript><img src="/images/loading.png" alt="">'
        "</body></html>\n"
    )
