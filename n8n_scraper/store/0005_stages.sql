-- The opt-in layers (media, transcripts) begin when the row is committed. Of an id whose row this job has stored, or
-- found stored, only they are left: nothing more is asked of the site for it.
alter table job_ids add column is_stored bool not null default false;
