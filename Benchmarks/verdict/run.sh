#!/bin/sh
# How often verdicts err: of comparisons that are trained here and of which it is known what there is to find, and of the tests
# alone, by simulation. Takes a few minutes.
set -eu
cd "$(dirname "$0")/../.."
Tools/build-release.sh VerdictRuns VerdictStatistics >&2
.build-release/release/VerdictRuns
.build-release/release/VerdictStatistics
