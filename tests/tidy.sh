#!/usr/bin/env bash
# clang-tidy over our sources, those changed last first, until the time is over.
#
#   tests/tidy.sh [--minutes N] [FILE.cpp...]     (default: 20 minutes, all files)
#
# A file takes the better part of a minute, most of it in the headers of others, so that all of them
# take hours. Wants build/release configured and built (generated headers). Ends with 1 when anything
# was found.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
minutes=20
files=()
while (($# > 0)); do
    case $1 in
        --minutes) minutes=${2:?--minutes wants a number} && shift ;;
        -h | --help)
            sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *) files+=("$1") ;;
    esac
    shift
done

all_sources() {
    find cli client-lib proto relay tests -path '*/node_modules' -prune -o -name '*.cpp' -print | sort
}
# What git knows to have changed last comes first; without git, by name.
by_age() {
    { git log --format= --name-only -- '*.cpp' 2>/dev/null || true; all_sources; } |
        awk 'NR == FNR { there[$0] = 1; next } there[$0] && !seen[$0]++' <(all_sources) -
}
((${#files[@]} > 0)) || mapfile -t files < <(by_age)

ends=$((SECONDS + minutes * 60))
looked=0
wrong=0
at_once=0
for file in "${files[@]}"; do
    ((SECONDS < ends)) || break
    clang-tidy-19 -p build/release --quiet --warnings-as-errors='*' "$file" 2>/dev/null &
    looked=$((looked + 1))
    at_once=$((at_once + 1))
    if ((at_once == $(nproc))); then
        wait -n || wrong=1
        at_once=$((at_once - 1))
    fi
done
while ((at_once > 0)); do
    wait -n || wrong=1
    at_once=$((at_once - 1))
done
echo "clang-tidy: looked at $looked of ${#files[@]} files in $((SECONDS / 60)) minutes"
exit "$wrong"
