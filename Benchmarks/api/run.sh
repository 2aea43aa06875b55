#!/bin/sh
# What watching costs the server: a dashboard that polls, and idle event streams. The figures go to .build/bench/api.json.
#
#   Benchmarks/api/run.sh [rounds] [seconds]
set -eu
cd "$(dirname "$0")/../.."
Tools/build-release.sh tenbin
mkdir -p .build/bench
exec python3 Benchmarks/api/measure.py "${TENBIN:-.build-release/release/tenbin}" .build/bench/api.json "$@"
