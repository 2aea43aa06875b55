-- Of each task the best value so far of its first metric: in an epoch as JSON {"metric", "value", "epoch"}, of a job as a JSON
-- array of such with the task's name. Null where none is known.
ALTER TABLE epoch_tasks ADD COLUMN best TEXT;
ALTER TABLE jobs ADD COLUMN best TEXT;
