-- What each run did with each workflow: one narrow row, written in the transaction that writes the workflow. The table
-- observed keeps the last crawl only; reports of earlier runs, and of killed ones, are made from this.
create table run_workflows (
    run_id text not null,
    id bigint not null references observed on delete cascade,
    committed_at timestamptz not null,
    crawl_status text not null, -- of the row, as it stood then
    layer1_status text not null, -- as this run saw them
    layer2_status text not null,
    layer3_status text not null,
    content text not null, -- new, changed, unchanged, none
    turn text, -- gone: it was there before · back: it was gone before
    error_kind text,
    error text,
    quality_score double precision,
    attempt_count bigint not null,
    request_count bigint not null,
    service_seconds double precision not null,
    primary key (run_id, id)
);
create index run_workflows_id on run_workflows (id);
