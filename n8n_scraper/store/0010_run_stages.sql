-- What a run saw of the opt-in layers, noted in the transaction that ends them; null: not asked for, or not got to.
alter table run_workflows add media_status text, add transcripts_status text;
