"""Generated descriptions: Markdown with headings, steps, links and now and then code or a picture. Pure."""

from __future__ import annotations

import random
from functools import cache
from typing import NamedTuple

from n8n_scraper.replica import vocabulary
from n8n_scraper.replica.slugs import slugify


class Topic(NamedTuple):
    """What a template is about; its name, description and notes tell the same story."""

    verb: str
    thing: str
    source: str
    target: str
    helper: str

    @property
    def name(self) -> str:
        return f"{self.verb} {self.thing} from {self.source} to {self.target} with {self.helper}"

    def tell(self, sentence: str) -> str:
        return sentence.format(thing=self.thing, source=self.source, target=self.target, slug=_slug(self.source))


_slug = cache(slugify)


def description(rng: random.Random, topic: Topic, nodes: list[str]) -> str:
    """Over 1,000 characters with at least four headings and numbered setup steps; nodes are names on the canvas."""
    mark = rng.choice(("## ", "## ", "### ", "# "))
    parts = [_intro(rng, topic)]
    parts += [f"{mark}{title}\n\n{text}" for title, text in _sections(rng, topic, nodes)]
    if rng.random() < 0.15:
        parts.insert(2, "&gt; Tip: " + rng.choice(vocabulary.REMARKS))
    return "\n\n".join(parts) + "\n"


def _intro(rng: random.Random, topic: Topic) -> str:
    sentences = [topic.tell(rng.choice(vocabulary.INTROS)), *rng.sample(vocabulary.REMARKS, k=rng.randint(2, 4))]
    return " ".join(sentences)


def _sections(rng: random.Random, topic: Topic, nodes: list[str]) -> list[tuple[str, str]]:
    readers = rng.sample(vocabulary.READERS, k=3)
    sections = [
        ("Who is this for", _bullets([text[0].upper() + text[1:] for text in readers])),
        ("How it works", _numbered(_steps(rng, nodes)) + _more(rng, 0.4)),
        (
            "Setup",
            _numbered([topic.tell(text) for text in vocabulary.SETUP_STEPS[: rng.randint(4, 7)]]) + _more(rng, 0.4),
        ),
        ("Requirements", _bullets([topic.tell(text) for text in vocabulary.REQUIREMENTS[: rng.randint(2, 5)]])),
    ]
    if rng.random() < 0.7:
        sections.append(("Make it your own", _bullets([topic.tell(t) for t in rng.sample(vocabulary.CHANGES, k=3)])))
    if rng.random() < 0.2:
        sections.append(("Example", _example(rng, topic)))
    if rng.random() < 0.5:
        sections.append(("Good to know", " ".join(rng.sample(vocabulary.REMARKS, k=5))))
    return sections


def _more(rng: random.Random, share: float) -> str:
    """Some authors say a lot: from none to a dozen sentences more."""
    if rng.random() > share:
        return ""
    return "\n\n" + " ".join(rng.choices(vocabulary.REMARKS, k=rng.randint(2, 24)))


def _steps(rng: random.Random, nodes: list[str]) -> list[str]:
    shown = nodes[: rng.randint(4, 9)]
    return [vocabulary.STEPS[n % len(vocabulary.STEPS)].format(node=name) for n, name in enumerate(shown)]


def _example(rng: random.Random, topic: Topic) -> str:
    return f'A record looks like this:\n\n```json\n{{"kind": "{topic.thing}", "score": {rng.randint(1, 10)}}}\n```'


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _numbered(lines: list[str]) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
