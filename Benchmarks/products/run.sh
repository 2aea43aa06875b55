#!/bin/sh
# Measures the products of training steps with both libraries, one thread, and writes .build/bench/products.json.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p .build/bench
Tools/build-release.sh ProductSpeeds
OMP_NUM_THREADS=1 .build-release/release/ProductSpeeds .build/bench/products.json
