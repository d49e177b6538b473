-- The store. Three kinds of column live in three tables, because they are written at different times (see items.py):
-- content (when content_hash differs), observed (at every crawl, narrow), derived (when the content or the parser differs).

create table store_info (
    only_row bool primary key default true check (only_row),
    site_url text not null,
    api_url text not null,
    created_at timestamptz not null default now()
);

-- Narrow, updated at every crawl. fillfactor leaves room so that an update stays on its page and touches no index.
create table observed (
    id bigint primary key,
    slug text,
    url text,
    crawl_status text not null check (crawl_status in ('complete', 'partial', 'gone', 'failed')),
    layer1_status text not null,
    layer2_status text not null,
    layer3_status text not null,
    media_status text not null,
    transcripts_status text not null,
    error_kind text,
    error text,
    author_name text,
    author_username text,
    author_verified bool,
    categories text[],
    created_at timestamptz,
    updated_at timestamptz,
    views bigint,
    recent_views bigint,
    is_paid bool,
    price_usd double precision,
    is_listed bool,
    first_seen_at timestamptz not null,
    scraped_at timestamptz,
    gone_at timestamptz,
    attempt_count bigint not null,
    request_count bigint not null,
    service_seconds double precision not null,
    run_id text not null
) with (fillfactor = 80);

-- Wide. `workflow` is json, not jsonb: the text as published stays exact (order, big numbers) and is never parsed on the way out.
create table content (
    id bigint primary key references observed on delete cascade,
    source text not null check (source in ('api', 'page')),
    name text,
    description text,
    workflow json,
    content_hash text not null,
    changed_at timestamptz not null,
    -- left(): a tsvector holds at most 1 MB, and nothing from outside may stop a row.
    search tsvector generated always as (
        to_tsvector('english', left(coalesce(name, '') || ' ' || coalesce(description, ''), 100000))
    ) stored
);

create table derived (
    id bigint primary key references observed on delete cascade,
    explainer_text text,
    sections json,
    links json,
    code_blocks json,
    sticky_notes json,
    images json,
    videos json,
    transcripts json,
    node_count bigint,
    sticky_note_count bigint,
    connection_count bigint,
    node_types text[],
    node_type_counts json,
    quality_score double precision check (quality_score between 0 and 100),
    quality_band text check (quality_band in ('excellent', 'good', 'poor')),
    quality_missing text[],
    redaction_count bigint,
    parser_version text not null
);

-- The answer the content was parsed from: zstd-compressed JSON or HTML, so that every row can be derived again without traffic.
create table raw_answers (
    id bigint primary key references observed on delete cascade,
    source text not null check (source in ('api', 'page')),
    fetched_at timestamptz not null,
    body bytea not null
);
alter table raw_answers alter column body set storage external;

-- One row whenever one of these moved.
create table observed_history (
    id bigint not null references observed on delete cascade,
    observed_at timestamptz not null,
    views bigint,
    recent_views bigint,
    is_paid bool,
    price_usd double precision,
    primary key (id, observed_at)
);

create index observed_crawl_status on observed (crawl_status);
create index observed_created_at on observed (created_at desc);
create index observed_categories on observed using gin (categories);
create index content_changed_at on content (changed_at desc);
create index content_search on content using gin (search);
create index derived_quality_score on derived (quality_score desc);
create index derived_node_types on derived using gin (node_types);

-- What the sitemap and the listing said when they were last read: addresses and prices, known before the workflow is asked for.
create table listed (
    id bigint primary key,
    url text not null,
    seen_at timestamptz not null
);
create table listed_prices (
    id bigint primary key,
    is_paid bool not null,
    price_usd double precision not null,
    seen_at timestamptz not null
);

-- A job is what one JOBDIR names: arguments and ids are fixed by its first start. Without JOBDIR the key is null.
create table jobs (
    id bigint generated always as identity primary key,
    key text unique,
    arguments json not null,
    prepared_at timestamptz, -- its ids are fixed
    prices_read_at timestamptz, -- the listing was read to its end
    finished_at timestamptz,
    created_at timestamptz not null default now()
);
create table job_ids (
    job_id bigint not null references jobs on delete cascade,
    id bigint not null,
    is_done bool not null default false,
    attempt_count int not null default 0,
    request_count int not null default 0,
    not_before timestamptz,
    primary key (job_id, id)
) with (fillfactor = 80);

create table runs (
    run_id text primary key,
    job_id bigint references jobs on delete set null,
    arguments json not null,
    settings json not null,
    versions json not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    close_reason text,
    exit_code int,
    stats json
);

-- The row contract. A workflow's JSON is published only when it is known to be free; the table content has it all.
create view workflow_rows as
select
    o.id, c.name, o.slug, o.url, o.crawl_status,
    o.layer1_status, o.layer2_status, o.layer3_status, o.media_status, o.transcripts_status,
    o.error_kind, o.error,
    o.author_name, o.author_username, o.author_verified, o.categories, o.created_at, o.updated_at,
    o.views, o.recent_views, o.is_paid, o.price_usd, o.is_listed,
    c.description, d.explainer_text, d.sections, d.links, d.code_blocks, d.sticky_notes,
    d.images, d.videos, d.transcripts,
    d.node_count, d.sticky_note_count, d.connection_count, d.node_types, d.node_type_counts,
    case when o.is_paid = false then c.workflow end as workflow,
    d.quality_score, d.quality_band, d.quality_missing, d.redaction_count, c.content_hash,
    o.first_seen_at, o.scraped_at, c.changed_at, o.gone_at,
    o.attempt_count, o.request_count, o.service_seconds, d.parser_version, o.run_id
from observed o
left join content c using (id)
left join derived d using (id);
