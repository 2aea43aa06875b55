#!/bin/sh
# Trains an example three times, with the seeds 0, 1 and 2, on a server that is running, and compares the mean on the test
# part with the floors written beside the spec:
#
#     Examples/run.sh NAME TRAIN_FILE [TEST_FILE [VALIDATION_FILE]]
#
# NAME.json is the spec; @TRAIN@, @TEST@, @VALIDATION@ and @SEED@ stand for the uploaded data sets and the seed. A floor for
# the task `*` is for the mean over all tasks; one of `none` is no floor, the figure is told all the same. TENBIN names the binary
# (default: the release build), TENBIN_SERVER the server (default: http://127.0.0.1:8080). Ends with 1 where a floor is missed.
set -eu

here=$(dirname "$0")
name=$1
train_file=$2
test_file=${3:-}
validation_file=${4:-}
url=${TENBIN_SERVER:-http://127.0.0.1:8080}
tenbin=${TENBIN:-$here/../.build-release/release/tenbin}

upload() {
    "$tenbin" datasets upload "$1" --name "$name" --server "$url"
}

# The value of a metric of a task in a model's test_metrics; of the task `*` the mean over all.
metric() {
    part=$(printf '%s' "$1" | sed 's/.*"test_metrics":{//')
    if [ "$2" != '*' ]; then part=$(printf '%s' "$part" | sed "s/.*\"$2\":{\([^}]*\)}.*/\1/"); fi
    printf '%s' "$part" | tr '{},' '\n\n\n' | sed -n "s/^\"$3\"://p" |
        awk '{ sum += $1; count++ } END { if (count) printf "%.6f", sum / count }'
}

# The text of a member of a resource.
member() {
    printf '%s' "$1" | tr ',' '\n' | sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p" | head -n 1
}

train=$(upload "$train_file")
test=
if [ -n "$test_file" ]; then test=$(upload "$test_file"); fi
validation=
if [ -n "$validation_file" ]; then validation=$(upload "$validation_file"); fi

models=
for seed in 0 1 2; do
    spec=$(sed -e "s/@TRAIN@/$train/; s/@TEST@/$test/; s/@VALIDATION@/$validation/; s/@SEED@/$seed/g" "$here/$name.json")
    job=$(printf '%s' "$spec" | "$tenbin" jobs submit - --server "$url")
    while :; do
        answer=$(curl -sS "$url/v1/jobs/$job")
        case $(member "$answer" state) in
        succeeded) break ;;
        failed | cancelled | expired)
            printf '%s\n' "$answer" >&2
            exit 1
            ;;
        esac
        sleep 1
    done
    model=$(member "$answer" model)
    echo "seed $seed: $model"
    models="$models $model"
done

missed=0
while read -r task metric relation floor; do
    values=
    for model in $models; do
        values="$values $(metric "$(curl -sS "$url/v1/models/$model")" "$task" "$metric")"
    done
    verdict=$(echo "$relation $floor $values" | awk '{
        for (i = 3; i <= NF; i++) sum += $i
        mean = sum / (NF - 2)
        printf "mean %.4f of%s", mean, substr($0, length($1) + length($2) + 3)
        if ($2 == "none") exit
        holds = $1 == ">=" ? mean >= $2 : mean <= $2
        printf ", %s %s: %s", $1, $2, holds ? "holds" : "MISSED"
    }')
    echo "$task $metric: $verdict"
    case $verdict in *MISSED) missed=1 ;; esac
done < "$here/$name.floors"
exit $missed
