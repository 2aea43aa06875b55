#!/bin/sh
# The HTTP server against nginx and nghttpd, in turn: Benchmarks/http/run.sh [rounds] [seconds]. Writes .build/bench/http.json.
# Needs the Debian packages nginx-light (or nginx), nghttp2-server, nghttp2-client and wrk, and two cores.
set -eu
cd "$(dirname "$0")/../.."
for program in nginx nghttpd h2load wrk taskset; do
    command -v "$program" >/dev/null || { echo "bench-http: $program is missing" >&2; exit 1; }
done
swift build --configuration release --scratch-path .build-release --product HTTPEcho
mkdir -p .build/bench
exec python3 Benchmarks/http/measure.py .build-release/release/HTTPEcho .build/bench/http.json "$@"
