#!/bin/sh
# How much memory jobs take, held against their plans: Benchmarks/memory/run.sh [--small | NAME ...]
#
# Each job runs in a fresh process that has run a tiny one before. What counts is how far its resident memory grows at
# most. The growth must not exceed the plan; the plan must not exceed twice the growth where that is 128 MiB or more.
# Data sets of about 1.5 GB are made in a temporary folder and removed.
set -eu
cd "$(dirname "$0")/../.."
Tools/build-release.sh MemoryPlans
exec .build-release/release/MemoryPlans "$@"
