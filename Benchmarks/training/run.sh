#!/bin/sh
# Compares training steps with PyTorch's, one thread each, and writes .build/bench/training.json.
# BENCH_VENV names a virtual environment with PyTorch; without one it is made outside the checkout.
# BENCH_CASES, BENCH_MODES (eager, fused, compile) and BENCH_ROUNDS choose less or more.
set -eu
cd "$(dirname "$0")/../.."
venv=${BENCH_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/tenbin/venv-torch}
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet torch==2.15.0
fi
swift build --configuration release --scratch-path .build-release --product TrainingSteps
mkdir -p .build/bench
exec "$venv/bin/python" Benchmarks/training/compare.py .build-release/release/TrainingSteps "$venv/bin/python" \
    .build/bench/training.json ${BENCH_CASES:-}
