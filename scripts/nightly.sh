#!/usr/bin/env bash
# What takes longer than a push may: the properties with many cases, the fuzz targets, and all faults.
#
#   scripts/nightly.sh [--only NAME] [--seconds N]
#
# NAME is `properties`, `faults`, `contract` or a fuzz target (message, changelog, version-files, config). Each fuzz target runs for N
# seconds (60) from the committed corpus; what it finds lies in fuzz/artifacts, and new inputs are not kept. It needs a
# nightly toolchain and cargo-fuzz (`cargo install --locked cargo-fuzz`).
set -euo pipefail
cd "$(dirname "$0")/.."

names=(properties faults contract message changelog version-files config)
only=
seconds=60

usage() {
    printf 'usage: %s [--only NAME] [--seconds N], NAME one of: %s\n' "$0" "${names[*]}" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || usage
    case $1 in
    --only) only=$2 ;;
    --seconds) seconds=$2 ;;
    *) usage ;;
    esac
    shift 2
done
case " ${names[*]} " in
*" ${only:-properties} "*) ;;
*) usage ;;
esac
case $seconds in
'' | *[!0-9]*) usage ;;
esac

properties() {
    PROPTEST_CASES=10000 cargo test --locked --quiet --lib -- domain::
}

faults() {
    SHIPMARK_TIER=full scripts/test --test fault -- --nocapture
    SHIPMARK_TIER=full scripts/test --test it -- --nocapture server::hostile server::reference
}

contract() {
    cargo build --locked --quiet
    scripts/databases scripts/contract --examples 60 --stateful
}

# Runs one target without a sanitizer, since the crate has one line of unsafe code, which none of them reaches. Overflows
# and failed assertions end it; so does an input that takes a second or half a gibibyte.
fuzz() {
    local found status=0
    found=$(mktemp -d)
    cargo +nightly fuzz run --dev --sanitizer none "$1" "$found" "fuzz/corpus/$1" -- \
        -max_total_time="$seconds" -max_len=4096 -timeout=1 -rss_limit_mb=512 -print_final_stats=1 || status=$?
    rm -rf "$found"
    return "$status"
}

failed=()
for name in "${names[@]}"; do
    [ -z "$only" ] || [ "$only" = "$name" ] || continue
    printf '== %s\n' "$name"
    case $name in
    properties | faults | contract) "$name" ;;
    *) fuzz "$name" ;;
    esac || failed+=("$name")
done
[ ${#failed[@]} -eq 0 ] || {
    printf 'failed: %s\n' "${failed[*]}" >&2
    exit 1
}
