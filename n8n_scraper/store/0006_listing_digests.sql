-- What the listing tells of a workflow, as a digest: when it told something else, the workflow was edited since.
create table listing_digests (
    id bigint primary key,
    digest text not null,
    changed_at timestamptz -- when it was found to differ from what it was before; null: never
);
