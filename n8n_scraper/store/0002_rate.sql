-- The rate is a promise over all processes of a store: one row per site (and, for later, per address that we send from)
-- says when the next turn is, and how much of the promised rate is in force after a 429.
-- Two updates a second: room for them on the page, and no index on what they change.
create table rate_gates (
    site text not null,
    egress text not null default '',
    next_at timestamptz not null default clock_timestamp(),
    factor double precision not null default 1 check (factor > 0 and factor <= 1),
    clean_count int not null default 0,
    halved_at timestamptz,
    primary key (site, egress)
) with (fillfactor = 20);
