-- What became of each image's address, for good and over all workflows: its file, or why there is none. The key is
-- sha256 of the address, because an address may be longer than an index takes.
create table media_files (
    url_sha256 text primary key,
    url text not null,
    fetched_at timestamptz not null,
    error_kind text, -- null: the file is there
    error text,
    width bigint,
    height bigint,
    format text,
    bytes bigint,
    sha256 text,
    path text,
    check ((error_kind is null) = (path is not null))
);
