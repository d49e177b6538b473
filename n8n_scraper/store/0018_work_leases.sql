-- After how many seconds without a sign of life others take a worker for dead: whoever looks can say so, too.
alter table work_workers add lease_seconds double precision not null default 30;
