#!/usr/bin/env bash
# deploy/quickstart.sh --once ends well, shows what it promises, and leaves nothing behind. What it is given goes to it too.
set -euo pipefail
export TMPDIR
TMPDIR=$(mktemp -d)
chmod 755 "$TMPDIR"
trap 'rm -rf "$TMPDIR"' EXIT
out=$TMPDIR/out
deploy/quickstart.sh --once "$@" >"$out" 2>&1 || {
  status=$?
  cat "$out"
  exit "$status"
}
fail() {
  cat "$out"
  printf '\nquickstart_test: %s\n' "$*"
  exit 1
}
shows() { grep -qE -- "$1" "$out" || fail "does not show: $1"; }
shows '^shop/qa +reconcile_only +custom '
shows '^shop/staging +reconcile_only +flyway '
shows '^V2__orders +applied \(e\) +applied \(o\) +applied \(o\) +pending$'
shows '^V3__phone +applied in '
shows '^contacts in the database: no such table$'
shows '^V4__contacts +applied in '
shows '^contacts in the database: contacts$'
shows '^noticed after [0-9]\.[0-9] s$'
shows '^V2__orders +DRIFTED edited +DRIFTED edited +DRIFTED edited +-$'
shows '^\+-- just a comment, surely harmless$'
shows '^tidemark_drift_findings\{app="shop",environment="staging",kind="edited"\} 1$'
shows 'finding\.opened +shop/staging'
shows 'the audit trail is whole'
leftover=$(find "$TMPDIR" -mindepth 1 -not -path "$out" -print -quit)
[[ -z $leftover ]] || fail "left $leftover"
if pgrep -f "$TMPDIR" >/dev/null; then fail "left a process: $(pgrep -af "$TMPDIR")"; fi
