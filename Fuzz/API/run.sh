#!/bin/sh
# Lets schemathesis loose on a live server: every check, with a key, stateful phase included.
#
#   Fuzz/API/run.sh [SECONDS]     how long for each seed, 30 without
#
# SEEDS chooses the seeds (1 2 3 4 5), TENBIN the binary, SCHEMATHESIS the program (installed into .build/schemathesis
# when it is not there).
set -eu
cd "$(dirname "$0")/../.."

seconds=${1:-30}
seeds=${SEEDS:-1 2 3 4 5}
tenbin=${TENBIN:-.build-release/release/tenbin}
schemathesis=${SCHEMATHESIS:-.build/schemathesis/bin/schemathesis}
port=${PORT:-18999}
address="http://127.0.0.1:$port"

if [ ! -x "$schemathesis" ]; then
    python3 -m venv .build/schemathesis
    .build/schemathesis/bin/pip install --quiet "schemathesis>=4.32,<5"
    schemathesis=.build/schemathesis/bin/schemathesis
fi

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

secret=$(curl -fsS "$address/v1/api-keys" -H 'Content-Type: application/json' \
    -d '{"name":"fuzz","scopes":["admin"]}' | sed 's/.*"secret":"\([^"]*\)".*/\1/')

for seed in $seeds; do
    "$schemathesis" --config-file schemathesis.toml run "$address/openapi.json" \
        --header "Authorization: Bearer $secret" --checks all --continue-on-failure --max-time "$seconds" --seed "$seed"
    kill -0 "$server" || { echo "the server is gone" >&2; cat "$folder/log" >&2; exit 1; }
done
