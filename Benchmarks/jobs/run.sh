#!/bin/sh
# How fast jobs are accepted, run and recorded; the figures go to .build/bench/jobs.json.
set -eu
cd "$(dirname "$0")/../.."
Tools/build-release.sh tenbin JobsBenchmark
.build-release/release/JobsBenchmark .build-release/release/tenbin .build/bench/jobs.json "$@"
