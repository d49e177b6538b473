-- Measured with 100,000 workflows (scrapy scale queries). Added: what analysts ask and every row was read for. Both columns
-- hardly ever change, so that a crawl's update of a row still touches no index.
create index observed_author_username on observed (author_username);
create index observed_price_usd on observed (price_usd desc) where is_paid;
-- Dropped: only a take-down asks by id, and takes no longer without.
drop index run_workflows_id;
