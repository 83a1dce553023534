#!/usr/bin/env bash
# Builds tidemark and runs its tests.
#
#   tests/run.sh [quick|full|soak] [PRESET]
#
#   quick   what a developer runs on every change: two to three minutes once it is built (the default)
#   full    everything that is no soak: what the gate runs
#   soak    everything, also what takes hours
#
# The fuzzers take 10 seconds each in full. In soak they run for TIDEMARK_FUZZ_SECONDS, four hours each unless it is set; 0 is
# until somebody stops them. tests/fuzz/fuzz.sh says how to keep what they learn.
#
# PRESET is one of CMakePresets.json: dev (the default), asan, tsan, release.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'run.sh: %s\n' "$*"; }
die() {
  say "$@" >&2
  exit 2
}

suite=${1:-quick}
preset=${2:-dev}
folder=build/$preset
case "$suite" in
  quick) selection=(--label-regex '^quick$') ;;
  full) selection=(--label-exclude '^soak$') ;;
  soak)
    selection=()
    export TIDEMARK_FUZZ_SECONDS=${TIDEMARK_FUZZ_SECONDS:-14400}
    ;;
  *) die "'$suite' is no suite: tests/run.sh [quick|full|soak] [PRESET]" ;;
esac
for program in cmake ctest ninja clang++-19; do
  command -v "$program" >/dev/null || die "$program is missing: deploy/install-packages.sh test installs what is needed"
done
if [[ -e $folder && ! -w $folder ]]; then
  die "$folder belongs to $(stat -c %U "$folder"): remove it, or run this as that user"
fi

jobs=$(nproc)
if [[ ! -e $folder/CMakeCache.txt || ! -e $folder/build.ninja ]]; then
  say "configuring $folder"
  cmake --preset "$preset"
fi
say "building $folder with $jobs jobs"
cmake --build "$folder" --parallel "$jobs"
say "running the $suite tests"
tests=(ctest --test-dir "$folder" "${selection[@]}" --output-on-failure --no-tests=error)
if [[ $suite != quick && ${TIDEMARK_FUZZ_SECONDS:-} == 0 ]]; then
  # Those that never end: all at once, when the others are done.
  "${tests[@]}" --parallel "$jobs" --exclude-regex '^fuzz_'
  exec "${tests[@]}" --parallel 64 --tests-regex '^fuzz_'
fi
exec "${tests[@]}" --parallel "$jobs"
