#!/bin/sh
# The HTTP server against nginx, nghttpd, SwiftNIO and Hummingbird, in turn: Benchmarks/http/run.sh [rounds] [seconds] [cases].
# Writes .build/bench/http.json. Needs two cores, and installs the Debian packages it is missing.
set -eu
cd "$(dirname "$0")/../.."
deploy/install-deps.sh bench
for program in nginx nghttpd h2load wrk taskset python3; do
    command -v "$program" >/dev/null || { echo "bench-http: $program is missing" >&2; exit 1; }
done
Tools/build-release.sh HTTPEcho tenbin
swift build --configuration release --static-swift-stdlib --package-path Benchmarks/Peers
mkdir -p .build/bench
clang -O2 -shared -fPIC -o .build/bench/allocations.so Benchmarks/allocations.c
exec python3 Benchmarks/http/measure.py .build/bench/http.json "$@"
