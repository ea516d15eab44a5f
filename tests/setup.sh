#!/usr/bin/env bash
# Installs what huecry is built and tested with: Debian 12 packages, and pinned npm packages.
#
#   tests/setup.sh [build] [try] [test] [full]     (default: build)
#
#   build   compiler, libraries, SQLCipher's source
#   try     build, and what deploy/try.sh shows: real photographs, exiftool
#   test    try, and the tools of the tests (of prometheus, promtool)
#   full    test, and clang-tidy, symbolizer, mosquitto (the broker that benchmarks compare with)
#
# Fast and silent when everything is there: then it needs no network and no rights. Packages are
# installed as root, or through sudo; everything else runs as whoever called it.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

build_packages=(
    clang-19 libclang-rt-19-dev lld-19 cmake ninja-build ccache pkg-config git ca-certificates
    libboost1.81-dev libsodium-dev libssl-dev protobuf-compiler libprotobuf-dev
    libfmt-dev libspdlog-dev doctest-dev libjpeg62-turbo-dev libpng-dev zlib1g-dev
    libfreetype-dev fonts-dejavu-core libqrencode-dev libcli11-dev libtomlplusplus-dev
    prometheus-cpp-dev
)
try_packages=(libimage-exiftool-perl lomiri-wallpapers-16.04)
test_packages=(clang-format-19 gdb faketime prometheus)
full_packages=(clang-tidy-19 llvm-19 mosquitto)

fail() {
    echo "setup: $*" >&2
    exit 1
}

wanted=()
for group in "${@:-build}"; do
    case $group in
        build) wanted+=("${build_packages[@]}") ;;
        try) wanted+=("${build_packages[@]}" "${try_packages[@]}") ;;
        test) wanted+=("${build_packages[@]}" "${try_packages[@]}" "${test_packages[@]}") ;;
        full) wanted+=("${build_packages[@]}" "${try_packages[@]}" "${test_packages[@]}"
                       "${full_packages[@]}") ;;
        -h | --help)
            sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *) fail "unknown group '$group': build, try, test or full" ;;
    esac
done
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    fail "this installs Debian packages and finds no apt. Needed: ${wanted[*]} nodejs npm"
fi
# Whatever node and npm there is will do; Debian's are never put beside them.
command -v node >/dev/null && command -v npm >/dev/null || wanted+=(nodejs npm)

missing=()
find_missing() {
    local have package
    # dpkg-query fails when it does not know one of them: that one is missing, which is the answer.
    have=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' "${wanted[@]}" \
        2>/dev/null || true)
    missing=()
    for package in "${wanted[@]}"; do
        grep -qx "installed $package" <<<"$have" || missing+=("$package")
    done
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif [[ -t 0 ]]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

# apt's output is of interest only when it fails.
apt() {
    local log
    log=$(mktemp)
    # Runlevel 1: prometheus and mosquitto are wanted as programs, not as running services.
    if ! as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -y -q --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "$@" </dev/null >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail "apt-get $1 failed (its last words are above)"
    fi
    rm -f "$log"
}

install_packages() {
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            fail "these packages are missing, and there is no sudo: run as root: apt-get install ${missing[*]}"
        [[ -t 0 ]] || sudo -n true 2>/dev/null ||
            fail "these packages are missing, and sudo wants a password but there is no terminal; as root: apt-get install ${missing[*]}"
    fi
    echo "Installing ${#missing[@]} package(s): ${missing[*]}"
    apt update
    local removed
    # Only to say beforehand what goes; if this look fails, the installation itself will say why.
    removed=$(apt-get -s -y --no-install-recommends install "${missing[@]}" 2>/dev/null |
        sed -n 's/^Remv \([^ ]*\).*/\1/p' | tr '\n' ' ' || true)
    [[ -z $removed ]] || echo "They cannot stand beside, and replace: $removed"
    apt install "${missing[@]}"
}

# npm_folder DIR: node_modules exactly as its lock file says; made aside and moved into place, so
# that an interrupted run leaves nothing half done. Install scripts of packages never run.
npm_folder() {
    local folder=$1 stamp=$1/node_modules/.installed-from work
    if cmp -s "$folder/package-lock.json" "$stamp"; then return; fi
    echo "Installing the npm packages of ${folder#"$root"/}"
    work=$(mktemp -d "$folder/.npm.XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    cp "$folder/package.json" "$folder/package-lock.json" "$work"
    if [[ -f $folder/.npmrc ]]; then cp "$folder/.npmrc" "$work"; fi
    if ! (cd "$work" && npm ci --ignore-scripts --no-audit --no-fund </dev/null >npm.log 2>&1); then
        tail -n 20 "$work/npm.log" >&2
        fail "npm ci in ${folder#"$root"/} failed (its last words are above)"
    fi
    mkdir -p "$work/node_modules"
    cp "$work/package-lock.json" "$work/node_modules/.installed-from"
    rm -rf "$folder/node_modules"
    mv "$work/node_modules" "$folder/node_modules"
    rm -rf "$work"
    trap - EXIT
}

find_missing
if ((${#missing[@]} > 0)); then
    install_packages
    find_missing
    ((${#missing[@]} == 0)) || fail "still missing after the installation: ${missing[*]}"
fi

# SQLCipher's source, from npm: the build changes one line of it (cmake/FindSQLCipher.cmake).
npm_folder "$root/cmake/sqlcipher"
