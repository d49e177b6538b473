"""A workflow that is taken down leaves the reports too."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from n8n_scraper.report.renew import renew_reports
from n8n_scraper.report.run_report import run_report
from n8n_scraper.report.write import write_report
from n8n_scraper.run_id import run_folder
from n8n_scraper.store import runs
from n8n_scraper.store.database import connect

RUN = "20261123T061500Z-3f2a"
ROWS = f"""
insert into runs (run_id, arguments, settings, versions, started_at) values ('{RUN}', '{{}}', '{{}}', '{{}}', now());
insert into observed (id, crawl_status, layer1_status, layer2_status, layer3_status, media_status,
    transcripts_status, first_seen_at, attempt_count, request_count, service_seconds, run_id)
select id, 'complete', 'ok', 'ok', 'ok', 'skipped', 'skipped', now(), 1, 1, 0.1, '{RUN}' from generate_series(7, 8) id;
insert into content (id, source, name, content_hash, changed_at)
select id, 'api', 'Title of ' || id, 'x', now() from generate_series(7, 8) id;
insert into run_workflows (run_id, id, committed_at, crawl_status, layer1_status, layer2_status, layer3_status, content,
    attempt_count, request_count, service_seconds)
select '{RUN}', id, now(), 'complete', 'ok', 'ok', 'ok', 'changed', 1, 1, 1 from generate_series(7, 8) id
"""


def test_reports_that_name_it_are_written_again(database_url: str, tmp_path: Path) -> None:
    folder = run_folder(tmp_path, RUN)
    with closing(connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(ROWS)
        run = runs.read(cursor, RUN)
        assert run is not None
        write_report(run_report(run), folder)
        comparison = write_report(run_report(run), folder, "compare-another")
        cursor.execute("delete from observed where id = 7")
        assert renew_reports(cursor, tmp_path, {9}) == []
        assert len(renew_reports(cursor, tmp_path, {7})) == 6
    assert not any(file.exists() for file in comparison)
    texts = [file.read_text(encoding="utf-8") for file in folder.iterdir()]
    assert all("Title of 8" in text for text in texts)
    assert not any("Title of 7" in text for text in texts)
