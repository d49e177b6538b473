-- What a template was before it changed: a row for each former version, the JSON compressed (zstd). Names and
-- differences are kept for good; of the JSON as many as HISTORY_VERSIONS says.
create table former_versions (
    id bigint not null references observed on delete cascade,
    version int not null, -- 1 is the first that was seen; the one in force has no row here
    source text not null check (source in ('api', 'page')),
    content_hash text not null,
    seen_from timestamptz not null, -- found
    last_seen_at timestamptz, -- found for the last time
    seen_to timestamptz not null, -- found changed
    differences text[] not null, -- what the next version changed, in words
    body bytea, -- JSON of name, description and workflow; null when it was not kept
    primary key (id, version)
);
alter table former_versions alter column body set storage external;

-- Taken down: never asked for again, and in no table but this.
create table forgotten (
    id bigint primary key,
    reason text,
    forgotten_at timestamptz not null
);
