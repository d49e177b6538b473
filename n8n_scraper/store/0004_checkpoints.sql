-- How far a run was, every 50 workflows and every 10 seconds, from the crawl's own counters; the last one is also its
-- last sign of life. Appended, never changed: together they say how fast a run was when.
create table checkpoints (
    checkpoint_id bigint generated always as identity primary key,
    run_id text not null references runs on delete cascade,
    taken_at timestamptz not null default clock_timestamp(),
    total_workflows bigint not null,
    processed bigint not null,
    successful bigint not null,
    failed bigint not null,
    remaining bigint not null,
    avg_time double precision,
    eta_seconds double precision,
    last_workflow_id bigint,
    limiter json not null,
    breaker json not null,
    outcomes json not null
);
create index checkpoints_run_id on checkpoints (run_id, checkpoint_id desc);

-- Which process a run is, so that one that was killed is told from one that is still busy.
alter table runs add column host text;
alter table runs add column pid bigint;
alter table runs add column process_started_at timestamptz;
