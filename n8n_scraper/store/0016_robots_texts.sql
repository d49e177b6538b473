-- robots.txt as a task of a worker read it: the next tasks of its day need not ask again.
create table robots_texts (
    origin text primary key,
    body bytea, -- null: there is none, so that everything is allowed
    read_at timestamptz not null default now()
);
