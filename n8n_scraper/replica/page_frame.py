"""What surrounds every page of the site: head, navigation, testimonials, footer and cookie dialog. Pure.

The words are ours; the order and the places where a careless reader goes wrong are the site's.
"""

from __future__ import annotations

from html import escape

_NAV = ("Product", "Use cases", "Integrations", "Templates", "Docs", "Community", "Enterprise", "Pricing", "Sign in")
_TESTIMONIALS = (
    ("Maren Holt", "Head of Operations, Fernwood", "We replaced four scripts and a calendar with one workflow."),
    ("Theo Brandt", "Founder, Lakeside Studio", "The first automation paid for the whole year."),
    ("Aiko Sato", "Engineer, Blue Kite", "I build in an afternoon what took a sprint before."),
)
_COOKIE_GROUPS = ("Strictly necessary", "Functional", "Performance", "Targeting", "Social media")
_COOKIE_ROWS = 52
_COOKIE_TEXT = (
    "When you visit a website, it may store or retrieve information in your browser, mostly in the form of cookies. "
    "The information might be about you, your preferences or your device and is mostly used to make the site work as "
    "you expect it to. It does not usually identify you directly, but it can give you a more personal experience. "
    "You can choose not to allow some kinds of cookies. Blocking some kinds may change how well the site works."
)


def document(*, title: str, head: str, body: str, scripts: str = "") -> str:
    """A whole page; ``body`` is what lies between navigation and footer, as HTML."""
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'{head}</head><body><div id="__nuxt"><div id="__layout">{_navigation()}<main>{body}</main>'
        f"{_footer()}</div></div>{_cookie_dialog()}{scripts}</body></html>\n"
    )


def testimonials() -> str:
    """They stand before the footer, and the first is always the same person."""
    cards = "".join(
        f'<div class="testimonial-card"><p>“{text}”</p><p class="author">{name}</p><p class="role">{role}</p></div>'
        for name, role, text in _TESTIMONIALS
    )
    return f'<section class="section-testimonials"><h2>Loved by builders</h2>{cards}</section>'


def _navigation() -> str:
    links = "".join(f'<li><a href="/{name.lower().replace(" ", "-")}/">{name}</a></li>' for name in _NAV)
    return f'<header><nav aria-label="Main"><a href="/" class="logo">n8n</a><ul>{links}</ul></nav></header>'


def _footer() -> str:
    links = "".join(f'<a href="/{word.lower()}/">{word}</a>' for word in ("Careers", "Contact", "Press", "Legal"))
    popular = '<a href="/workflows/categories/ai/">AI</a><a href="/creators/">Creators</a>'
    return f"<footer><h2>Popular integrations</h2>{popular}{links}<p>Automate without limits</p></footer>"


def _cookie_dialog() -> str:
    groups = "".join(
        f"<h4>{group} cookies</h4><p>{_COOKIE_TEXT}</p><table>{_cookies(group)}</table>" for group in _COOKIE_GROUPS
    )
    return (
        '<div id="cookie-consent" role="dialog" aria-label="Privacy preference center"><h2>We value your privacy</h2>'
        f"<p>{_COOKIE_TEXT}</p><h3>Categories</h3>{groups}<button>Allow all</button><button>Reject all</button></div>"
    )


def _cookies(group: str) -> str:
    row = f"<tr><td>_{group[:4].lower()}_{{0}}</td><td>example.com</td><td>Remembers a choice for {{0}} days</td></tr>"
    return "".join(map(row.format, range(1, _COOKIE_ROWS + 1)))
