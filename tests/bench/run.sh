#!/usr/bin/env bash
# Measures what tidemark costs and prints one table of ratios, each within one run.
#
#   tests/bench/run.sh            about an hour, on a machine that does nothing else
#   tests/bench/run.sh --check    the same, and fails when a ratio is not reached
#   tests/bench/run.sh --quick    some minutes with small numbers: whether the bench still runs
#
# Needs what deploy/install-packages.sh bench installs, and npm for dbmate. Peers that are not there are skipped, aloud.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

[[ -e build/release/build.ninja ]] || cmake --preset release >/dev/null
cmake --build build/release --target tidemarkd tidemark tidemark-parser scan_bench >/dev/null
exec python3 tests/bench/bench.py --build build/release "$@"
