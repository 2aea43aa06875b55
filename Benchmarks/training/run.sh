#!/bin/sh
# Compares training steps with PyTorch's, one thread each, and writes .build/bench/training.json.
# BENCH_VENV names a virtual environment with PyTorch; without one it is made outside the checkout.
# BENCH_CASES, BENCH_MODES (eager, fused, compile, workers) and BENCH_ROUNDS choose less or more.
set -eu
cd "$(dirname "$0")/../.."
venv=${BENCH_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/tenbin/venv-torch}
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet torch==2.15.0
fi
Tools/build-release.sh TrainingSteps
mkdir -p .build/bench
clang -O2 -o .build/bench/machine Benchmarks/training/machine.c -lpthread
clang -O2 -shared -fPIC -o .build/bench/allocations.so Benchmarks/allocations.c
exec "$venv/bin/python" Benchmarks/training/compare.py .build-release/release/TrainingSteps "$venv/bin/python" \
    .build/bench/machine "$PWD/.build/bench/allocations.so" .build/bench/training.json ${BENCH_CASES:-}
