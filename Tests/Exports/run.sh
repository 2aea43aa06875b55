#!/bin/sh
# Trains every encoder over every kind of task on a server of its own, and holds onnxruntime's answers against the server's.
#
#   Tests/Exports/run.sh
#
# TENBIN is the binary, PYTHON the interpreter with the packages (Tools/python-tools.sh exports installs them), PORT the port.
set -eu
cd "$(dirname "$0")/../.."

python=${PYTHON:-.build/python-tools/exports/bin/python}
port=${PORT:-18998}
. Tools/own-server.sh
PYTHONDONTWRITEBYTECODE=1 "$python" Tests/Exports/run.py "$address"
