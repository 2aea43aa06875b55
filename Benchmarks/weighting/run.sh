#!/bin/sh
# What every weighting strategy costs, on the network T1.
set -eu
cd "$(dirname "$0")/../.."
swift run --configuration release --scratch-path .build-release WeightingCost "$@"
