# Sourced: install_peers WORK puts the pinned peers and the scripts of this folder into WORK, once.
# The caller sets `here` to this folder.
install_peers() {
    mkdir -p "$1"
    cp "$here"/*.mjs "$here"/package.json "$here"/package-lock.json "$here"/.npmrc "$1"/
    if ! cmp -s "$1/package-lock.json" "$1/.installed"; then
        (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
        cp "$1/package-lock.json" "$1/.installed"
    fi
}
