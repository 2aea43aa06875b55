#!/bin/sh
# Keeps the Python programs that tests and fuzzing call, each group in a virtual environment of its own below
# .build/python-tools; with nothing to do it does nothing and needs no network.
#
#   Tools/python-tools.sh clients|exports|fuzz
set -eu
cd "$(dirname "$0")/.."

case "${1:-}" in
clients | exports | fuzz) group=$1 ;;
*)
    echo "usage: python-tools.sh clients|exports|fuzz" >&2
    exit 2
    ;;
esac

folder=.build/python-tools/$group
wanted=Tools/python-tools/$group.txt
if cmp -s "$wanted" "$folder/installed.txt"; then
    echo "python tools: $group present"
    exit 0
fi
echo "python tools: installing $group"
mkdir -p .build/python-tools
rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted"
cp "$wanted" "$folder/installed.txt"
