#!/bin/sh
# Two builds of the program in turn: Benchmarks/builds/run.sh OLD NEW [rounds] [seconds] [cases].
#
# OLD and NEW are paths of `tenbin`; without them nothing is measured. Writes .build/bench/builds.json.
set -eu
cd "$(dirname "$0")/../.."
if [ "$#" -lt 2 ]; then
    echo "bench-builds: skipped; name two programs: Benchmarks/builds/run.sh OLD NEW"
    exit 0
fi
deploy/install-deps.sh bench
mkdir -p .build/bench
exec python3 Benchmarks/builds/measure.py .build/bench/builds.json "$@"
