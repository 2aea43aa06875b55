#!/bin/sh
# Builds release programs into .build-release/release: Tools/build-release.sh PRODUCT...
#
# Swift's libraries are linked into them. So they run where no Swift is installed, and the calls that counting references
# makes everywhere need no jump table.
set -eu
cd "$(dirname "$0")/.."
for product in "$@"; do
    swift build --configuration release --scratch-path .build-release --static-swift-stdlib --product "$product"
done
