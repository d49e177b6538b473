-- One process's circuit breaker stops all: until then only who shut the gate takes turns, to find out (its probes).
alter table rate_gates add shut_until timestamptz, add shut_by text;
