#!/bin/sh
# How fast data sets are read.
set -eu
cd "$(dirname "$0")/../.."
Tools/build-release.sh DatasetReading
exec .build-release/release/DatasetReading "$@"
