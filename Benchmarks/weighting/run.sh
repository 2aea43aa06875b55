#!/bin/sh
# What every weighting strategy costs, on the network T1.
set -eu
cd "$(dirname "$0")/../.."
Tools/build-release.sh WeightingCost
exec .build-release/release/WeightingCost "$@"
