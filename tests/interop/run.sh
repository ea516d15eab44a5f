#!/bin/sh
# run.sh AGENT PEER WORK [operations] [seed]: installs the pinned peers once into WORK, then drives
# random operations between them and huecry's agent.
set -eu
agent=$1 peer=$2 work=$3
shift 3
here=$(dirname "$0")
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "skipped: node and npm are not installed"
    exit 0
fi
. "$here/install.sh"
install_peers "$work"
cd "$work"
exec node drive.mjs "$agent" "$peer" "${@:-300}"
