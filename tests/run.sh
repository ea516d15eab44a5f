#!/usr/bin/env bash
# Installs what is missing, builds, and runs the tests; ends with CTest's own summary.
#
#   tests/run.sh [--full] [--label LABEL]...
#
#   --label LABEL   only the tests of this kind (may be repeated):
#                   lint unit conformance interop e2e sim fault fuzz bench
#   --full          also with sanitizers (address and undefined behaviour: unit, conformance, e2e;
#                   threads: e2e), long fuzzing, twenty minutes of clang-tidy (the files changed
#                   last), benchmarks, ten times the power cuts and kills, ten thousand attackers
#
# Builds in build/release, build/fuzz (with --full also build/tsan).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Seconds that a kind of test may take in the default run.
declare -A box=([lint]=60 [unit]=120 [conformance]=60 [interop]=120 [e2e]=180 [sim]=180
    [fault]=180 [fuzz]=120 [bench]=1200)
fuzz_seconds=120 # for each target, with --full

full=false
labels=()
while (($# > 0)); do
    case $1 in
        --full) full=true ;;
        --label)
            [[ $# -ge 2 && -n ${box[$2]:-} ]] || {
                echo "run: --label wants one of: ${!box[*]}" >&2
                exit 2
            }
            labels+=("$2")
            shift
            ;;
        -h | --help)
            sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *)
            echo "run: unknown option '$1' (--help shows all)" >&2
            exit 2
            ;;
    esac
    shift
done
if ((${#labels[@]} == 0)); then
    labels=(lint unit conformance interop e2e sim fault fuzz)
    if $full; then labels+=(bench); fi
fi
selected() { [[ " ${labels[*]} " == *" $1 "* ]]; }

jobs=$(nproc)
memory_jobs=$(($(awk '/^MemTotal/ {print $2}' /proc/meminfo) / 2000000 + 1))
((jobs <= memory_jobs)) || jobs=$memory_jobs

say() { printf '== %s\n' "$*"; }

configure() {
    local log
    log=$(mktemp)
    if ! cmake --preset "$1" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        exit 1
    fi
    rm -f "$log"
}

# Line by line: Debian's awk, mawk, reads far ahead from a pipe unless it is told.
live_awk() {
    if awk -W version 2>/dev/null </dev/null | grep -q mawk; then set -- -W interactive "$@"; fi
    awk "$@"
}

# In a log, a line for each tenth of the way and whatever is not progress; in a terminal, all.
thin_out() {
    if [[ -t 1 ]]; then
        cat
    else
        live_awk '!/^\[[0-9]+\/[0-9]+\]/ { print; fflush(); next }
             { split(substr($1, 2), n, "[/\\]]"); tenth = int(n[1] * 10 / n[2])
               if (tenth != last) { last = tenth; print "   " n[1] " of " n[2]; fflush() } }'
    fi
}

# build PRESET [TARGET...]
build() {
    local preset=$1 started=$SECONDS
    shift
    say "build/$preset (${jobs} at a time)"
    local targets=()
    if (($# > 0)); then targets=(--target "$@"); fi
    cmake --build --preset "$preset" --parallel "$jobs" "${targets[@]}" | thin_out
    say "build/$preset took $((SECONDS - started)) s"
}

# The programs that the tests below a folder of a build tree run, as files of that tree.
programs_of() {
    local tree=${1#build/}
    tree=build/${tree%%/*}
    find "$1" -name CTestTestfile.cmake -exec grep -oh "$root/$tree/bin/[A-Za-z0-9_-]*" {} + |
        sed "s,^$root/$tree/,," | sort -u
}

if $full; then tests/setup.sh full; else tests/setup.sh test; fi
if $full; then
    # tests/fault/README.md
    export HUECRY_FAULT_CUTS=10000 HUECRY_FAULT_KILLS=200 HUECRY_FAULT_STEPS=40 \
        HUECRY_FAULT_CLIENT_CUTS=2000 \
        HUECRY_FAULT_READERS=500
fi

# One run of CTest over folders of several build trees: one summary.
together=build/tests
mkdir -p "$together"
listing=$together/CTestTestfile.cmake
: >"$listing"
add_folder() { [[ ! -d build/$1 ]] || printf 'subdirs("%s")\n' "$root/build/$1" >>"$listing"; }
add_test() { # NAME LABEL TIMEOUT COMMAND...
    local name=$1 label=$2 timeout=$3
    shift 3
    {
        printf 'add_test([[%s]]' "$name"
        printf ' [[%s]]' "$@"
        printf ')\nset_tests_properties([[%s]] PROPERTIES LABELS %s TIMEOUT %s WORKING_DIRECTORY [[%s]])\n' \
            "$name" "$label" "$timeout" "$root"
    } >>"$listing"
}

our_sources() {
    find cli client-lib proto relay tests -path '*/node_modules' -prune -o \
        \( -name '*.cpp' -o -name '*.hpp' \) -print # C is written as C programmers do
}

configure release
others=()
for label in "${labels[@]}"; do
    [[ $label == lint || $label == fuzz ]] || others+=("$label")
done
if ((${#others[@]} > 0)); then
    build release
    add_folder release
elif $full; then
    build release # clang-tidy wants the generated headers
fi
if selected lint; then
    our_sources >"$together/sources"
    # shellcheck disable=SC2016
    add_test lint.format lint 300 sh -c 'for f in $(cat "$0"); do
        clang-format-19 "$f" | cmp -s - "$f" || { echo "not formatted: $f"; wrong=1; }
    done; exit ${wrong:-0}' "$together/sources"
    add_test lint.suppressions lint 20 awk -f tests/support/suppressions/check.awk \
        tests/support/suppressions/thread.txt tests/support/suppressions/leak.txt
    if $full; then
        add_test lint.clang_tidy lint 2400 tests/tidy.sh --minutes 20
        # It fills the processors by itself; first, so that nothing waits for it alone.
        printf 'set_tests_properties([[lint.clang_tidy]] PROPERTIES PROCESSORS %s COST 10000)\n' \
            "$jobs" >>"$listing"
    fi
fi
if selected fuzz || { $full && { selected unit || selected conformance || selected e2e; }; }; then
    configure fuzz
    mapfile -t fuzzers < <(! selected fuzz || programs_of build/fuzz/tests/fuzz)
    mapfile -t programs < <(for kind in unit conformance e2e; do
        { ! $full || ! selected $kind; } || programs_of build/fuzz/tests/$kind
    done)
    build fuzz "${fuzzers[@]}" "${programs[@]}"
    if selected fuzz; then add_folder fuzz/tests/fuzz; fi
    if $full; then
        for kind in unit conformance e2e; do
            if selected $kind; then add_folder fuzz/tests/$kind; fi
        done
        for fuzzer in "${fuzzers[@]#bin/}"; do
            [[ $fuzzer == *_fuzz ]] || continue # what makes the seeds
            mkdir -p "$together/corpus/$fuzzer" "build/fuzz/tests/fuzz/seeds/$fuzzer"
            add_test "fuzz.long_$fuzzer" fuzz $((fuzz_seconds + 60)) "$root/build/fuzz/bin/$fuzzer" \
                -max_total_time=$fuzz_seconds -rss_limit_mb=2048 -timeout=20 -print_final_stats=1 \
                "-artifact_prefix=$root/$together/corpus/" "$root/$together/corpus/$fuzzer" \
                "$root/build/fuzz/tests/fuzz/seeds/$fuzzer"
        done
    fi
fi
if $full && selected fault; then
    # Alone on the machine: latencies are compared.
    add_test fault.attackers fault 1200 "$root/build/release/bin/attackers_test"
    printf 'set_tests_properties([[fault.attackers]] PROPERTIES RUN_SERIAL ON)\n' >>"$listing"
fi
if $full && selected e2e; then
    configure tsan
    mapfile -t programs < <(programs_of build/tsan/tests/e2e)
    build tsan "${programs[@]}"
    add_folder tsan/tests/e2e
fi

# Holds CTest's summary back until the time boxes have been printed.
finish() {
    live_awk -v at_once="$at_once" -v boxes="$(for label in "${labels[@]}"; do echo "$label ${box[$label]}"; done)" '
        /^[0-9]+% tests passed/ { holding = 1 }
        !holding { print; fflush(); next }
        { held = held $0 "\n" }
        $4 == "sec*proc" { used[$1] = $3 / at_once }
        END {
            count = split(boxes, line, "\n")
            printf "== time boxes (seconds, %d tests at a time)\n", at_once
            for (i = 1; i <= count; i++) {
                split(line[i], f, " ")
                if (!(f[1] in used)) { printf "   %-12s no tests\n", f[1]; continue }
                printf "   %-12s %8.1f of %5d%s\n", f[1], used[f[1]], f[2],
                       (used[f[1]] > f[2] + 0 ? "   over its box" : "")
            }
            printf "%s", held
        }'
}

at_once=$((jobs * 2)) # end-to-end tests mostly wait
pattern=$(IFS='|' && echo "${labels[*]}")
say "tests: ${labels[*]}"
ctest --test-dir "$together" --output-on-failure --no-tests=error --label-regex "^($pattern)\$" \
    --parallel "$at_once" --no-compress-output </dev/null 2>&1 | finish
