"""What is odd about names, descriptions, pictures and videos in real templates. Pure."""

from __future__ import annotations

import random

from n8n_scraper.replica import vocabulary
from n8n_scraper.replica.drafts import Change, Draft, Rename


def _blank_ends(name: str, rng: random.Random) -> str:
    return f" {name} "


def _duplicate_name(name: str, rng: random.Random) -> str:
    return "Send a daily report by mail"


def _emoji_name(name: str, rng: random.Random) -> str:
    return f"{rng.choice(vocabulary.EMOJI)} {name}"


def _long_name(name: str, rng: random.Random) -> str:
    return (name + ", with all the details that a careful author would like to tell beforehand")[:119].ljust(119, "…")


def _sign_name(name: str, rng: random.Random) -> str:
    return f'{name[:80]} | Q&A, 100 % "free" <beta>'


RENAMES: dict[str, Rename] = {
    "blank_ends": _blank_ends,
    "duplicate_name": _duplicate_name,
    "emoji_name": _emoji_name,
    "long_name": _long_name,
    "sign_name": _sign_name,
}


def _short_description(draft: Draft) -> None:
    draft.answer["description"] = "Sends a mail."


def _thin_description(draft: Draft) -> None:
    draft.answer["description"] = "This workflow sends a mail when something is new.\n\n1. Look\n2. Compare\n3. Send\n"


def _html_description(draft: Draft) -> None:
    draft.write('<div align="center"><img src="' + draft.image_url() + '" width="300"><br><b>Bold</b> words</div>')


def _entities(draft: Draft) -> None:
    draft.write("&gt; A quotation, as the site stores it\n&gt; on two lines, with a -&gt; b and a &lt;tag&gt; in it.")


def _unclosed_fence(draft: Draft) -> None:
    draft.write("## Last words\n\n```javascript\nconst left = 'open';\n// nobody closed this block")


def _line_separator(draft: Draft) -> None:
    draft.write("One line\u2028and another, and a next line\u0085here.")
    draft.note("A note\u2028with a separator\u2029inside.")


def _other_scripts(draft: Draft) -> None:
    draft.write("日本語の説明 · Описание · وصف \u200f· विवरण · 설명 · zero\u200bwidth · soft\u00adhyphen")


def _code_blocks(draft: Draft) -> None:
    draft.write("~~~python\nprint('# not a heading')\n~~~\n\n    indented code\n\nand `inline [no](link)` code.")


def _tables_and_links(draft: Draft) -> None:
    draft.write(
        "| Field | Meaning |\n|---|---|\n| id | [number](https://example.com/a_(b)) |\n\n[relative](/workflows/1)"
    )


def _file_images(draft: Draft) -> None:
    draft.answer["image"] = [{"id": number, "url": draft.image_url()} for number in (18, 19)]
    draft.answer["description"] = "![screenshot](fileId:19)\n\n" + draft.answer["description"] + "\n![](fileId:18)\n"


def _linked_images(draft: Draft) -> None:
    draft.write(
        f"[![Example of the result]({draft.image_url()})](https://example.com/tutorial)\n\n![]({draft.image_url()})"
    )


def _note_image(draft: Draft) -> None:
    draft.note(f"![Guide]({draft.image_url()})")


def _data_image(draft: Draft) -> None:
    draft.note(
        "![dot](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==)"
    )


_VIDEOS = {
    "youtube_short_link": "https://youtu.be/{}?si=share",
    "youtube_watch": "https://www.youtube.com/watch?v={}&t=42s",
    "youtube_embed": "https://www.youtube.com/embed/{}",
    "youtube_shorts": "https://youtube.com/shorts/{}",
    "youtube_live": "https://www.youtube.com/live/{}",
    "youtube_nocookie": "https://www.youtube-nocookie.com/embed/{}",
}


def _video(form: str) -> Change:
    def change(draft: Draft) -> None:
        draft.write(f"Watch the [walk-through]({form.format(draft.video_id())}) first.")

    return change


def _thumbnails(draft: Draft) -> None:
    first, second = draft.video_id(), draft.video_id()
    draft.write(f"[![Video](https://img.youtube.com/vi/{first}/maxresdefault.jpg)](https://youtu.be/{first})")
    draft.write(f"![Video](https://i.ytimg.com/vi/{second}/hqdefault.jpg)")


def _not_a_video(draft: Draft) -> None:
    draft.write("More on [my channel](https://www.youtube.com/@example), https://www.youtube.com/channel/UC0123456789")
    draft.write("and in [this list](https://www.youtube.com/playlist?list=PL0123456789abcdef).")


def _other_platforms(draft: Draft) -> None:
    draft.write(
        "[Loom](https://www.loom.com/share/0123456789abcdef0123456789abcdef) · [Vimeo](https://vimeo.com/123456789)"
    )


def _note_video(draft: Draft) -> None:
    draft.note(f"@[youtube]({draft.video_id()})")


CHANGES: dict[str, Change] = {
    "short_description": _short_description,
    "thin_description": _thin_description,
    "html_description": _html_description,
    "entities": _entities,
    "unclosed_fence": _unclosed_fence,
    "line_separator": _line_separator,
    "other_scripts": _other_scripts,
    "code_blocks": _code_blocks,
    "tables_and_links": _tables_and_links,
    "file_images": _file_images,
    "linked_images": _linked_images,
    "note_image": _note_image,
    "data_image": _data_image,
    **{name: _video(form) for name, form in _VIDEOS.items()},
    "youtube_thumbnails": _thumbnails,
    "youtube_not_a_video": _not_a_video,
    "other_platforms": _other_platforms,
    "note_video": _note_video,
}


_MEDIA = {"file_images": 0.12, "linked_images": 0.08, "youtube_watch": 0.09, "note_video": 0.06}


def add_media(draft: Draft) -> None:
    """Pictures and videos are nothing odd: many good templates have some, here as often as real ones."""
    for name, share in _MEDIA.items():
        if draft.rng.random() < share and (name != "note_video" or draft.notes):
            CHANGES[name](draft)
