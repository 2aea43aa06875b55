#!/bin/sh
# Installs the Debian packages that Tenbin needs and that are missing; with nothing missing it does nothing and needs no
# network. `install-deps.sh` is for building and running, `install-deps.sh test` adds what the test suite calls, `bench` what benchmarks do.
set -eu

build="libc6-dev libdnnl-dev libnghttp2-dev libopenblas-openmp-dev libsqlite3-dev libssl-dev libstdc++-12-dev pkg-config zlib1g-dev"
test="curl fiu-utils nghttp2-client openssl prometheus python3-h11 python3-h2 python3-httpx python3-venv slowhttptest systemd testssl.sh"

bench="nghttp2-client nghttp2-server nginx-light wrk"

case "${1:-build}" in
build) wanted=$build ;;
test) wanted="$build $test" ;;
bench) wanted="$build $bench" ;;
*)
    echo "usage: install-deps.sh [build|test|bench]" >&2
    exit 2
    ;;
esac

missing=""
for package in $wanted; do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done

if [ -z "$missing" ]; then
    echo "system packages: all present"
    exit 0
fi

echo "system packages: installing$missing"
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1; then
    as_root="sudo"
else
    echo "install-deps.sh: run as root, or install sudo; missing:$missing" >&2
    exit 1
fi
$as_root apt-get update -qq
# Names are split on purpose.
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing
