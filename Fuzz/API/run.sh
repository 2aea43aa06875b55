#!/bin/sh
# Lets schemathesis loose on a live server: every check, with a key, stateful phase included.
#
#   Fuzz/API/run.sh [CASES]     how many cases all seeds together make at least, 10,000 without
#
# SEEDS chooses the seeds (1 2 3 4 5), TENBIN the binary, SCHEMATHESIS the program (Tools/python-tools.sh installs it).
set -eu
cd "$(dirname "$0")/../.."

cases=${1:-10000}
seeds=${SEEDS:-1 2 3 4 5}
# For each operation.
examples=${EXAMPLES:-50}
schemathesis=${SCHEMATHESIS:-.build/python-tools/fuzz/bin/schemathesis}
port=${PORT:-18999}
. Tools/own-server.sh

secret=$(curl -fsS "$address/v1/api-keys" -H 'Content-Type: application/json' \
    -d '{"name":"fuzz","scopes":["admin"]}' | sed 's/.*"secret":"\([^"]*\)".*/\1/')

# shellcheck disable=SC2086
set -- $seeds
share=$(((cases + $# - 1) / $#))
total=0
status=0
for seed in $seeds; do
    made=0
    round=0
    # A run makes as many cases as it finds reasons for; another with a seed of its own makes up for what is missing.
    while [ "$made" -lt "$share" ]; do
        "$schemathesis" --config-file schemathesis.toml run "$address/openapi.json" \
            --header "Authorization: Bearer $secret" --checks all --continue-on-failure --max-examples "$examples" \
            --seed "$((seed + 100 * round))" >"$folder/report" 2>&1 || status=1
        cat "$folder/report"
        kill -0 "$server" || { echo "the server is gone" >&2; cat "$folder/log" >&2; exit 1; }
        generated=$(sed -n 's/.*[^0-9]\([0-9][0-9]*\) generated.*/\1/p' "$folder/report" | head -n 1)
        [ "${generated:-0}" -gt 0 ] || { echo "no case was made" >&2; exit 1; }
        made=$((made + generated))
        round=$((round + 1))
    done
    total=$((total + made))
done
echo "fuzz-api: $total cases over $# seeds, $([ "$status" -eq 0 ] && echo no failure || echo FAILURES)"
exit "$status"
