-- What is known of each video's transcript, whichever workflows show it. A failure belongs to the job whose attempts it
-- took: with not_before it waits for the next one, without it was the last; another job begins anew.
create table transcripts (
    video_id text primary key,
    status text not null,
    language text,
    is_generated bool,
    text text,
    error_kind text,
    error text,
    languages text[] not null, -- asked for
    job_id bigint references jobs on delete set null,
    attempt_count int not null default 0,
    not_before timestamptz,
    asked_at timestamptz not null default now()
);
