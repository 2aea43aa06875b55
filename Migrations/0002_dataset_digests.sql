-- What a job was trained on, by content: its data sets may be gone when someone wants to train it again.
ALTER TABLE job_datasets ADD COLUMN sha256 TEXT;

UPDATE job_datasets SET sha256 = (SELECT datasets.sha256 FROM datasets WHERE datasets.id = job_datasets.dataset);
