"""Submits, watches and predicts with the client that openapi-python-client has generated.

usage: openapi_python_client.py FOLDER_OF_THE_CLIENT URL KEY DATASET
"""

import sys

sys.path.insert(0, sys.argv[1])

from tenbin_client import AuthenticatedClient
from tenbin_client.api.data_sets import list_rows
from tenbin_client.api.jobs import create_job, get_job, list_jobs
from tenbin_client.api.models import predict
from tenbin_client.api.progress import get_task_weights, list_epochs
from tenbin_client.models import JobSpec, JobState, PredictionRequest, Problem

url, key, dataset = sys.argv[2:5]
client = AuthenticatedClient(base_url=url, token=key, raise_on_unexpected_status=True)
targets = ["digit", "parity", "ge5"]

refused = create_job.sync(client=client, body=JobSpec.from_dict({"dataset": dataset, "tasks": [{"target": "nothing", "type": "regression"}]}))
assert isinstance(refused, Problem) and refused.code == "invalid-spec", refused

spec = JobSpec.from_dict(
    {
        "name": "generated",
        "dataset": dataset,
        "epochs": 3,
        "tasks": [{"name": name, "target": name, "type": "classification"} for name in targets],
    }
)
job = create_job.sync(client=client, body=spec, idempotency_key="openapi-python-client")
again = create_job.sync(client=client, body=spec, idempotency_key="openapi-python-client")
assert job.id == again.id

while job.state not in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED):
    job = get_job.sync(client=client, id=job.id, prefer="wait=10")
assert job.state == JobState.SUCCEEDED, job

epochs = list_epochs.sync(client=client, id=job.id).items
assert [epoch.epoch for epoch in epochs] == [1, 2, 3]
weights = get_task_weights.sync(client=client, id=job.id)
assert weights.tasks == targets and len(weights.weights) == 3
assert job.id in [other.id for other in list_jobs.sync(client=client, state=JobState.SUCCEEDED).items]

row = list_rows.sync(client=client, id=dataset, limit=1).items[0].to_dict()
inputs = {name: value for name, value in row.items() if name not in targets}
answer = predict.sync(client=client, id=job.model, body=PredictionRequest.from_dict({"rows": [inputs]}))
(prediction,) = answer.predictions
assert set(prediction.additional_properties) == set(targets)
print("submitted, watched, predicted")
