#!/bin/sh
# Trains 76 specs on a server of its own and prints, for each, the digest of its weights and of its epoch rows.
#
#   Tests/Digests/run.sh > FILE
#
# Two builds that train alike print the same lines on one machine: compare the files with diff. TENBIN is the binary, PYTHON the
# interpreter with the packages (Tools/python-tools.sh exports installs them), PORT the port.
set -eu
cd "$(dirname "$0")/../.."

python=${PYTHON:-.build/python-tools/exports/bin/python}
port=${PORT:-18997}
. Tools/own-server.sh
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=Tests/Exports "$python" Tests/Digests/digests.py "$address"
