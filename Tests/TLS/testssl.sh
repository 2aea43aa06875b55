#!/bin/sh
# Lets testssl.sh loose on a server with TLS: Tests/TLS/testssl.sh SERVER [PORT]. Exit 1 on a finding above LOW.
#
# SERVER is tenbin, or HTTPEcho. Its protocol, standard cipher, server preference, forward secrecy, server default and
# vulnerability sections run against a certificate of a test authority that is given by --add-ca. Left out by their names:
#   cert_revocation, DNS_CAArecord, cert_ocspURL, cert_crlDistributionPoints, OCSP_stapling: a test authority has no
#       revocation service and 127.0.0.1 no DNS;
#   cert_chain_of_trust: judged again with the other trust stores, which do not know the authority either;
#   BREACH: looks at whether answers are compressed at all. Ours never compress one that carries a secret.
set -eu
cd "$(dirname "$0")/../.."
server=$1
port=${2:-18443}
command -v testssl >/dev/null || { echo "testssl: the Debian package testssl.sh is missing" >&2; exit 1; }
folder=$(mktemp -d)
trap 'kill "$process" 2>/dev/null || true; rm -rf "$folder"' EXIT
process=

certificate() {
    name=$1
    shift
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 300 -keyout "$folder/$name.key" \
        -out "$folder/$name.pem" "$@" 2>/dev/null
}
certificate ca -subj "/CN=Test authority" -addext basicConstraints=critical,CA:TRUE
certificate server -subj /CN=localhost -CA "$folder/ca.pem" -CAkey "$folder/ca.key" \
    -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -addext extendedKeyUsage=serverAuth -addext keyUsage=critical,digitalSignature

case $server in
*tenbin) "$server" serve --data-dir "$folder/data" --port "$port" --tls-cert "$folder/server.pem" \
    --tls-key "$folder/server.key" >"$folder/log" 2>&1 & ;;
*) "$server" --port "$port" --tls-cert "$folder/server.pem" --tls-key "$folder/server.key" >"$folder/log" 2>&1 & ;;
esac
process=$!
tries=0
until curl --silent --output /dev/null --cacert "$folder/ca.pem" "https://localhost:$port/healthz"; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { cat "$folder/log"; exit 1; }
    sleep 0.1
done

testssl --quiet --color 0 --warnings batch --nodns none --ip 127.0.0.1 --add-ca "$folder/ca.pem" \
    -p -s -P -f -S -U --jsonfile "$folder/found.json" "https://localhost:$port" >"$folder/report" || true
sed -n '/Testing protocols/,$p' "$folder/report"
python3 - "$folder/found.json" <<'PYTHON'
import json
import sys

LEFT_OUT = {
    "cert_revocation", "DNS_CAArecord", "cert_ocspURL", "cert_crlDistributionPoints", "OCSP_stapling",
    "cert_chain_of_trust", "BREACH"}
found = json.load(open(sys.argv[1]))
above = [entry for entry in found if entry["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL")]
for entry in above:
    verdict = "left out" if entry["id"].split(" ")[0] in LEFT_OUT else "FINDING"
    print(f'{verdict}: {entry["id"]} {entry["severity"]}: {entry["finding"]}')
sections = {entry["id"] for entry in found}
if not {"TLS1_2", "TLS1_3", "heartbleed", "ROBOT", "LUCKY13"} <= sections:
    sys.exit("testssl did not get to the end")
if any(entry["id"].split(" ")[0] not in LEFT_OUT for entry in above):
    sys.exit(1)
print(f"testssl: {len(found)} lines, nothing above LOW but what is left out by name")
PYTHON
