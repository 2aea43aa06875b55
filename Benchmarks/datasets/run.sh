#!/bin/sh
# How fast data sets are read.
set -eu
cd "$(dirname "$0")/../.."
swift run --configuration release --scratch-path .build-release DatasetReading "$@"
