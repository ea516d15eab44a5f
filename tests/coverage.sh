#!/usr/bin/env bash
# Which lines and branches of an area of the code its tests run: a table for each file.
#
#   tests/coverage.sh              the MLS engine and the cryptography beneath it, by the unit tests
#                                  and the official vectors
#   tests/coverage.sh relay        the relay and what it believes of proto, by the unit tests, the
#                                  tests of its store under faults and those over real sockets
#   tests/coverage.sh [AREA] FILE...   and which lines and branches of FILE no test has run
#
# Builds in build/coverage, from source-based instrumentation of clang; llvm-19 is installed by
# `tests/setup.sh full`. HUECRY_MLS_VECTORS names the folder of the official vectors.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
build=build/coverage
jobs=$(nproc)
area=mls
case ${1:-} in mls | relay)
    area=$1
    shift
    ;;
esac
case $area in # what is measured, which programs run it, which tests they are
mls)
    measured=(client-lib/src/mls client-lib/src/crypto)
    pattern='(crypto|mls_[a-z_]+)_test|mls_vectors|hpke_vectors'
    tests='^(unit\.(crypto|mls_)|mls\.|conformance\.hpke)'
    ;;
relay)
    measured=(relay proto/src)
    pattern='huecry-relay|(relay_[a-z_]+|directory|wire|store_errors)_test'
    tests='^(unit\.(relay_|directory_|wire_)|e2e\.relay_|fault\.store_errors)'
    jobs=1 # what runs over sockets has deadlines
    ;;
esac

for tool in llvm-profdata-19 llvm-cov-19; do
    command -v "$tool" >/dev/null || {
        echo "coverage: there is no $tool: run tests/setup.sh full" >&2
        exit 1
    }
done

log=$(mktemp)
trap 'rm -f "$log"' EXIT
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 \
    "-DCMAKE_CXX_FLAGS=-fprofile-instr-generate -fcoverage-mapping" \
    "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g" >"$log" 2>&1 || {
    cat "$log" >&2
    exit 1
}
mapfile -t programs < <(cmake --build "$build" --target help |
    sed -nE "s/^($pattern): phony$/\1/p" | sort)
cmake --build "$build" --target "${programs[@]}" --parallel "$(nproc)" >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    exit 1
}

rm -rf "$build/profiles"
LLVM_PROFILE_FILE="$root/$build/profiles/%p-%m.profraw" ctest --test-dir "$build" \
    --output-on-failure --no-tests=error --parallel "$jobs" -R "$tests" >"$log" 2>&1 || {
    tail -n 60 "$log" >&2
    exit 1
}
grep -E 'tests passed|Total Test time' "$log"
llvm-profdata-19 merge -sparse "$build"/profiles/*.profraw -o "$build/all.profdata"

objects=()
for program in "${programs[@]}"; do objects+=(--object "$build/bin/$program"); done
coverage() { # COMMAND ARGUMENTS...
    llvm-cov-19 "$1" "${objects[@]:1}" --instr-profile "$build/all.profdata" "${@:2}"
}
coverage report --show-region-summary=0 --show-branch-summary "${measured[@]}"
for file in "$@"; do
    coverage show --show-branches=count --show-expansions=0 "$file" |
        grep -E '^ +[0-9]+\| +0\||Branch.*(True: 0|False: 0)' || true
done
