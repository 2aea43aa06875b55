#!/bin/sh
# How often the tests behind a verdict err where there is nothing to find, by simulation. Takes about a minute.
set -eu
cd "$(dirname "$0")/../.."
Tools/build-release.sh VerdictStatistics >&2
.build-release/release/VerdictStatistics
