#!/usr/bin/env bash
# Runs one fuzzer: first every input that once broke something (found/TARGET) and the kept corpus (corpus/TARGET), then new
# ones.
#
#   tests/fuzz/fuzz.sh PROGRAM FOLDER [LIBFUZZER-OPTION …]
#
# TIDEMARK_FUZZ_SECONDS says for how long: 10 unless it is set, 0 until it is stopped. New inputs of interest and those that
# break something go to FOLDER, never into the tree. To keep what a long run has learnt:
#
#   build/dev/tests/fuzz/fuzz_TARGET -merge=1 tests/fuzz/corpus/TARGET build/dev/tests/fuzz/learnt/TARGET
#
# What broke something, and is fixed, belongs into found/TARGET under a name that says what went wrong, and into a test
# named after the symptom.
set -euo pipefail

program=$1
folder=$2
shift 2
target=$(basename "$program")
target=${target#fuzz_}
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
seconds=${TIDEMARK_FUZZ_SECONDS:-10}
[[ $seconds =~ ^[0-9]+$ ]] || {
  echo "TIDEMARK_FUZZ_SECONDS=$seconds: expected a number of seconds, 0 for no end" >&2
  exit 2
}
# An input may take neither long nor much memory, whatever is in it.
export ASAN_OPTIONS=quarantine_size_mb=32${ASAN_OPTIONS:+:$ASAN_OPTIONS}
bounds=(-timeout=20 -rss_limit_mb=1024 -malloc_limit_mb=64)
learnt=$folder/learnt/$target
broken=$folder/broken/$target
rm -rf "$broken"
mkdir -p "$learnt" "$broken"
corpus=("$tree/corpus/$target")
[[ -d ${corpus[0]} ]] || {
  echo "${corpus[0]} is missing: the kept corpus belongs to the tree" >&2
  exit 1
}

# Prints how to see it again, also for whoever has nothing but this output.
tell() {
  local input
  for input in "$@"; do
    echo "fuzz_$target broke on $input ($(stat -c %s "$input") bytes). To see it again:"
    if (($(stat -c %s "$input") <= 8192)); then
      echo "  echo $(base64 -w 0 "$input") | base64 -d > input"
      echo "  $program input"
    else
      echo "  $program $input"
    fi
  done
}

shopt -s nullglob
known=("$tree/found/$target"/*)
for input in "${known[@]}"; do
  "$program" "${bounds[@]}" "$input" >"$folder/$target.log" 2>&1 || {
    cat "$folder/$target.log"
    tell "$input"
    exit 1
  }
done
echo "${#known[@]} inputs of the past pass; now ${seconds} s of new ones"
result=0
"$program" "$@" "${bounds[@]}" -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$broken/" \
  "$learnt" "${corpus[@]}" >"$folder/$target.log" 2>&1 || result=$?
if ((result == 0)); then
  tail -n 12 "$folder/$target.log"
  exit 0
fi
tail -n 100 "$folder/$target.log"
tell "$broken"/*
exit 1
