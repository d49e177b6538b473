-- What workers do (see n8n_scraper/work). The queue itself is procrastinate's, in a schema of its own: these tables say
-- what its jobs are, and what became of them.
alter table jobs add epoch int not null default 0; -- grows whenever the job is taken away from whoever holds it

create table work_batches (
    id bigint generated always as identity primary key,
    words json not null, -- arguments of the crawl, as they were given
    ids bigint[], -- null: the sitemap, or with stages alone the whole store
    shard_size int not null check (shard_size > 0),
    with_export bool not null default false, -- one when all its shards have ended
    created_at timestamptz not null default now()
);

create table work_tasks (
    id bigint generated always as identity primary key,
    batch_id bigint not null references work_batches on delete cascade,
    kind text not null check (kind in ('plan', 'crawl', 'export')),
    id_count int not null default 0,
    left_count int, -- ids that were left when it was last begun
    crash_count int not null default 0, -- in a row without a committed row between them
    reason text, -- why it waits, or was set aside
    worker text, -- who had it last
    begun_at timestamptz,
    finished_at timestamptz,
    set_aside_at timestamptz
);
create index work_tasks_of_batch on work_tasks (batch_id);

-- Beside procrastinate's own row of the same number, which has the heartbeat.
create table work_workers (
    worker_id bigint primary key,
    host text not null,
    pid int not null,
    egress text not null,
    begun_at timestamptz not null default now()
);
