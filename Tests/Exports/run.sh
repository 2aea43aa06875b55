#!/bin/sh
# Trains every encoder over every kind of task on a server of its own, and holds onnxruntime's answers against the server's.
#
#   Tests/Exports/run.sh
#
# TENBIN is the binary, PYTHON the interpreter with the packages (Tools/python-tools.sh exports installs them), PORT the port.
set -eu
cd "$(dirname "$0")/../.."

tenbin=${TENBIN:-.build-release/release/tenbin}
python=${PYTHON:-.build/python-tools/exports/bin/python}
port=${PORT:-18998}
address="http://127.0.0.1:$port"

folder=$(mktemp -d)
server=""
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT INT TERM

"$tenbin" serve --port "$port" --data-dir "$folder/data" --workers 1 >"$folder/log" 2>&1 &
server=$!
tries=0
until curl -fsS "$address/readyz" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { cat "$folder/log" >&2; exit 1; }
    sleep 0.1
done
PYTHONDONTWRITEBYTECODE=1 "$python" Tests/Exports/run.py "$address"
