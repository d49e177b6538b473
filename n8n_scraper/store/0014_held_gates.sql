-- YouTube asked for a wait (Retry-After): until then no process of this store sends it anything.
alter table rate_gates add held_until timestamptz;
