# Sourced by scripts that need a server of their own. Starts one on $port of loopback with an empty data folder, waits until
# it is ready, and ends it with the script; `address` and `folder` say where it is.

address="http://127.0.0.1:$port"
folder=$(mktemp -d)
server=""
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT INT TERM

"${TENBIN:-.build-release/release/tenbin}" serve --port "$port" --data-dir "$folder/data" --workers 1 >"$folder/log" 2>&1 &
server=$!
tries=0
until curl -fsS "$address/readyz" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { cat "$folder/log" >&2; exit 1; }
    sleep 0.1
done
