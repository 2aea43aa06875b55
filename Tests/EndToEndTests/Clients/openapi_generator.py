"""Uploads, submits, watches and predicts with the client that openapi-generator has generated.

usage: openapi_generator.py FOLDER_OF_THE_CLIENT URL KEY FILE
"""

import sys

sys.path.insert(0, sys.argv[1])

import tenbin_client
from tenbin_client.exceptions import ApiException

url, key, file = sys.argv[2:5]
targets = ["digit", "parity", "ge5"]

with tenbin_client.ApiClient(tenbin_client.Configuration(host=url, access_token=key)) as client:
    datasets, jobs = tenbin_client.DataSetsApi(client), tenbin_client.JobsApi(client)
    progress, models = tenbin_client.ProgressApi(client), tenbin_client.ModelsApi(client)

    with open(file) as lines:
        dataset = datasets.create_dataset(name="digits", body=lines.read(), _content_type="text/csv")
    assert dataset.rows == 1797, dataset

    try:
        jobs.create_job(tenbin_client.JobSpec.from_dict({"dataset": dataset.id, "tasks": [{"target": "nothing", "type": "regression"}]}))
        raise AssertionError("a target that is not there was taken")
    except ApiException as refused:
        assert refused.status == 422, refused

    spec = tenbin_client.JobSpec.from_dict(
        {
            "name": "generated",
            "dataset": dataset.id,
            "epochs": 3,
            "tasks": [{"name": name, "target": name, "type": "classification"} for name in targets],
        }
    )
    job = jobs.create_job(spec, idempotency_key="openapi-generator")
    while job.state not in ("succeeded", "failed", "cancelled"):
        job = jobs.get_job(job.id, prefer="wait=10")
    assert job.state == "succeeded", job

    assert [epoch.epoch for epoch in progress.list_epochs(job.id).items] == [1, 2, 3]
    weights = progress.get_task_weights(job.id)
    assert weights.tasks == targets and len(weights.weights) == 3
    assert job.id in [other.id for other in jobs.list_jobs(state="succeeded").items]

    row = datasets.list_rows(dataset.id, limit=1).items[0]
    inputs = {name: value for name, value in row.items() if name not in targets}
    answer = models.predict(job.model, tenbin_client.PredictionRequest(rows=[inputs]))
    (prediction,) = answer.predictions
    assert set(prediction) == set(targets), prediction
print("uploaded, submitted, watched, predicted")
