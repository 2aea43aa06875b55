"""What schemas cannot say of values, for schemathesis."""

import schemathesis
from hypothesis import strategies as st

# A page token is made by the server and belongs to one list; the only one that fits everywhere is the first page's.
schemathesis.openapi.format("page-token", st.just(""))
