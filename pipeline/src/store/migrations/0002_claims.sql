-- Claims are asked for whenever somebody has time. With these indexes they read the rows that they take, and of the others, whose documents are long,
-- nothing.
DROP INDEX incidents_due;
CREATE INDEX incidents_due ON incidents (due, id, state, lease_until) WHERE is_open = 1;
DROP INDEX incidents_lease;
CREATE INDEX incidents_lease ON incidents (lease_owner, lease_until) WHERE lease_owner IS NOT NULL;
