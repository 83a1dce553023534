#!/usr/bin/env bash
# Runs a test program against another major version of PostgreSQL than the installed one.
#
#   tests/support/on-postgres.sh 13|14|15|16|17|18 PROGRAM [ARGUMENT …]
#
# Exits with 77, and the reason on stderr, where that version cannot be had.
set -euo pipefail

version=$1
shift
TIDEMARK_TEST_POSTGRES=$(bash "$(dirname "${BASH_SOURCE[0]}")/fetch-postgres.sh" "$version")
export TIDEMARK_TEST_POSTGRES
exec "$@"
