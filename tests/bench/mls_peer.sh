#!/bin/sh
# mls_peer.sh WORK N GROUPINFO: the rows of the MLS benchmark by ts-mls, with the packages that the
# interoperability tests install into WORK. Says "skipped: …" when node or the packages are missing.
set -eu
work=$1 n=$2 info=$3
here=$(dirname "$0")/../interop
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "skipped: node and npm are not installed"
    exit 0
fi
. "$here/install.sh"
if ! install_peers "$work" >&2; then
    echo "skipped: ts-mls could not be installed from npm"
    exit 0
fi
cp "$(dirname "$0")/mls_peer.mjs" "$work"/
exec node --max-old-space-size=2048 "$work/mls_peer.mjs" "$n" "$info"
