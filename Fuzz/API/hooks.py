"""What schemas cannot say of values, for schemathesis."""

import urllib.parse
import uuid

import schemathesis
from hypothesis import strategies as st

# A page token is made by the server and belongs to one list; the only one that fits everywhere is the first page's.
schemathesis.openapi.format("page-token", st.just(""))

# A key of its own for every request: under one that was used before, the server answers what it answered then, also when
# what was made has been deleted since.
schemathesis.openapi.format("idempotency-key", st.builds(lambda: str(uuid.uuid4())))

# The id of an event is the server's; the number alone stands for it, and a client may have none.
schemathesis.openapi.format("event-id", st.sampled_from(["", "0", "1"]))

# `*` is no tag: it stands for whatever there is, and a read under it is answered 304.
schemathesis.openapi.format("entity-tags", st.from_regex(r'"[a-z0-9.]{1,20}"', fullmatch=True))

# Bodies are made as they are; that they may come compressed is for our own tests.
schemathesis.openapi.format("content-coding", st.just("identity"))

# Of bytes that nobody knows yet there is no digest; naming an algorithm that is not checked here asks for nothing.
schemathesis.openapi.format("content-digest", st.just("sha-512=:AA==:"))

# Archives of arrays go over the wire as they are.
schemathesis.openapi.media_type("application/x-npz", st.binary(max_size=200))


@schemathesis.serializer("application/x-npz", "application/x-ndjson")
def as_it_is(context, value):
    return value if isinstance(value, bytes) else str(value).encode()


# What is longer than a request target may be is answered by the transport, whatever the resource (414).
@schemathesis.hook
def filter_query(context, query):
    return query is None or len(urllib.parse.urlencode(query, doseq=True)) < 8000


# How far a list has grown is no matter of its schema: a position that does not exist yet is refused.
@schemathesis.hook
def before_call(context, case, kwargs):
    if case.query and "since" in case.query and case.meta and case.meta.generation.mode.is_positive:
        case.query["since"] = "0"
