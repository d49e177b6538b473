from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from n8n_scraper.layers.videos import NO_VIDEO, Reading, Video, read_video

ID = "dQw4w9WgXcQ"
YOUTUBE = Reading(Video("youtube", ID, f"https://www.youtube.com/watch?v={ID}"))
MALFORMED = Reading(None, is_malformed=True)
LOOM = "0123456789abcdef0123456789abcdef"
DRIVE = "1aBcDeFgHiJkLmNoPqRsTuVwXyZ"


@pytest.mark.parametrize(
    "url",
    [
        f"https://youtu.be/{ID}",
        f"http://youtu.be/{ID}/",
        f"https://youtu.be/{ID}?si=abc&t=42",
        f"https://youtu.be/watch?v={ID}",
        f"https://youtu.be/embed/{ID}",
        f"https://www.youtube.com/watch?v={ID}",
        f"https://youtube.com/watch?v={ID}&list=PL1&index=2#t=3",
        f"https://m.youtube.com/watch?app=desktop&v={ID}",
        f"https://music.youtube.com/watch?v={ID}",
        f"https://www.youtube.com/watch?feature=x&amp;v={ID}",
        f"https://www.youtube.com/watch/{ID}",
        f"https://www.youtube.com/embed/{ID}?rel=0",
        f"https://www.youtube.com/v/{ID}",
        f"https://www.youtube.com/e/{ID}",
        f"https://www.youtube.com/shorts/{ID}?feature=share",
        f"https://www.youtube.com/live/{ID}?si=x",
        f"https://www.youtube-nocookie.com/embed/{ID}",
        f"https://img.youtube.com/vi/{ID}/maxresdefault.jpg",
        f"https://i.ytimg.com/vi/{ID}/hq720.jpg?sqp=x",
        f"https://i3.ytimg.com/vi_webp/{ID}/sd.webp",
        f"https://www.youtube.com/vi/{ID}/0.jpg",
        f"HTTPS://WWW.YOUTUBE.COM/watch?v={ID}",
    ],
)
def test_every_form_of_a_youtube_address_is_the_same_video(url: str) -> None:
    assert read_video(url) == YOUTUBE


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/@somebody",
        "https://www.youtube.com/@somebody/videos",
        "https://www.youtube.com/channel/UC0123456789abcdefghijkl",
        "https://www.youtube.com/c/name",
        "https://www.youtube.com/user/name",
        "https://www.youtube.com/playlist?list=PL1",
        "https://www.youtube.com/watch?list=PL1",
        "https://www.youtube.com/embed/videoseries?list=PL1",
        "https://www.youtube.com/results?search_query=n8n",
        "https://www.youtube.com/feeds/videos.xml?channel_id=UC1",
        "https://www.youtube.com",
        "https://youtu.be/",
        "https://img.youtube.com/vi/",
        f"https://notyoutube.com/watch?v={ID}",
        f"https://youtube.com.evil.test/watch?v={ID}",
        f"ftp://youtu.be/{ID}",
        f"youtu.be/{ID}",
        "https://loom.com/looms/videos",
        "https://vimeo.com/about",
        "https://vimeo.com/12",
        "https://drive.google.com/drive/folders/1aBcDeFgHiJkLmNoPqRsTuVwXyZ",
        "https://files.test/clip.mp4/index.html",
        "https://files.test/mp4",
        "https://files.test/clip.mp3",
        "https://[",
        "https://files.test/" + "x" * 5_000 + ".mp4",
        "",
    ],
)
def test_other_addresses_are_no_videos(url: str) -> None:
    assert read_video(url, "watch the video") == NO_VIDEO


@pytest.mark.parametrize(
    "url",
    [
        "https://youtu.be/VIDEO_ID",
        "https://youtu.be/YOUR_VIDEO",
        "https://youtu.be/your-video0",
        "https://youtu.be/xxxxxxxxxxx",
        "https://youtu.be/AAAAAAAAAAA",
        "https://youtu.be/abcdefghijk",
        "https://youtu.be/12345678901",
        "https://youtu.be/dQw4w9WgXc",
        "https://youtu.be/dQw4w9WgXcQQ",
        "https://youtu.be/dQw4w9WgXc%20",
        "https://www.youtube.com/watch?v=",
        "https://www.youtube.com/embed/{{id}}",
        "https://www.youtube.com/shorts/%7Bid%7D",
        "https://www.loom.com/share/abc",
        "https://drive.google.com/file/d/FILE_ID/view",
        "https://example.com/video.mp4",
        "https://cdn.example.org/video.mp4",
        "http://localhost/video.mp4",
    ],
)
def test_placeholders_and_cut_ids_are_malformed(url: str) -> None:
    assert read_video(url, "watch the video") == MALFORMED


@pytest.mark.parametrize(
    ("url", "video"),
    [
        (f"https://www.loom.com/share/{LOOM}?sid=1", Video("loom", LOOM, f"https://www.loom.com/share/{LOOM}")),
        (f"https://loom.com/embed/a-demo-{LOOM}", Video("loom", LOOM, f"https://www.loom.com/share/{LOOM}")),
        ("https://vimeo.com/123456789", Video("vimeo", "123456789", "https://vimeo.com/123456789")),
        (
            "https://vimeo.com/123456789/a1b2c3d4e5",
            Video("vimeo", "123456789", "https://vimeo.com/123456789/a1b2c3d4e5"),
        ),
        (
            "https://player.vimeo.com/video/123456789?h=a1b2c3d4e5&autoplay=1",
            Video("vimeo", "123456789", "https://vimeo.com/123456789/a1b2c3d4e5"),
        ),
        (
            "https://player.vimeo.com/video/123456789?h=../x",
            Video("vimeo", "123456789", "https://vimeo.com/123456789"),
        ),
        ("https://vimeo.com/channels/staffpicks/123456789", Video("vimeo", "123456789", "https://vimeo.com/123456789")),
        ("https://files.test/a/Tour.MP4?x=1#t=9", Video("file", None, "https://files.test/a/Tour.MP4?x=1")),
        ("https://files.test/tour.webm", Video("file", None, "https://files.test/tour.webm")),
    ],
)
def test_other_platforms_are_named_as_what_they_are(url: str, video: Video) -> None:
    assert read_video(url) == Reading(video)


@pytest.mark.parametrize(
    ("said", "is_video"),
    [("📹 View", True), ("Watch it", True), ("Vídeo", True), ("tour.mp4", True), ("my résumé", False), ("", False)],
)
def test_a_drive_file_is_a_video_where_the_words_say_so(said: str, is_video: bool) -> None:
    url = f"https://drive.google.com/file/d/{DRIVE}/preview"
    video = Video("google_drive", DRIVE, f"https://drive.google.com/file/d/{DRIVE}/view")
    assert read_video(url, said) == (Reading(video) if is_video else NO_VIDEO)


@given(st.text() | st.text().map(lambda text: f"https://youtu.be/{text}") | st.text().map(lambda t: f"https://{t}.mp4"))
def test_any_text_is_read(url: str) -> None:
    video, is_malformed = read_video(url, url)
    assert not (video and is_malformed)
