#!/bin/sh
# How fast jobs are accepted, run and recorded; the figures go to .build/bench/jobs.json.
set -eu
cd "$(dirname "$0")/../.."
swift build --configuration release --scratch-path .build-release --product tenbin
swift build --configuration release --scratch-path .build-release --product JobsBenchmark
.build-release/release/JobsBenchmark .build-release/release/tenbin .build/bench/jobs.json "$@"
