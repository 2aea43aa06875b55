#!/bin/sh
# Measures the products of training steps with both libraries, one thread, and writes .build/bench/products.json.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p .build/bench
OMP_NUM_THREADS=1 swift run --configuration release --scratch-path .build-release ProductSpeeds .build/bench/products.json
