-- The site refused a worker, or did not recover: until then no worker that shares its egress begins a crawl. Workers of
-- another egress go on: the site may see in them somebody else, and a block is of one address.
create table work_pauses (
    egress text primary key,
    until timestamptz not null,
    reason text not null
);
