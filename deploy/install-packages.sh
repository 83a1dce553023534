#!/usr/bin/env bash
# Installs the Debian 12 packages that tidemark needs.
#
#   deploy/install-packages.sh build    to build and run tidemark, and a PostgreSQL for the quickstart
#   deploy/install-packages.sh test     these and what its tests run besides
#   deploy/install-packages.sh bench    the same: what its bench measures it against is what the tests run
#
# Changes nothing when all of them are there. Removes no package, starts no service, creates no PostgreSQL cluster.
set -euo pipefail

build_packages=(
  clang-19 lld-19 cmake ninja-build pkgconf
  libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
  libcli11-dev libfmt-dev libgit2-dev libpg-query-dev libpq-dev libpugixml-dev libspdlog-dev libsqlite3-dev libssl-dev
  libyaml-cpp-dev prometheus-cpp-dev zlib1g-dev
  doctest-dev librapidcheck-dev # the build includes the tests
  ca-certificates curl postgresql-15
  dpkg-dev file # for the package
)
# A test of ours starts prometheus, which brings promtool; the shells try their completions;
# the fuzzers and the presets asan and tsan need the compiler's runtime.
# From alembic on, the tools of others that are run against it (tests/peers); more of them come by npm, where there is one.
test_packages=(
  ccache fish git libclang-rt-19-dev lintian man-db mandoc openssl pgbouncer prometheus python3 python3-jsonschema
  python3-yaml sqlite3 strace systemd zsh
  alembic libdbd-pg-perl openjdk-17-jre-headless python3-django python3-psycopg2 ruby-activerecord ruby-pg sqitch sql-migrate
)
services=(pgbouncer prometheus)

say() { printf 'install-packages: %s\n' "$*"; }
die() {
  say "$@" >&2
  exit 1
}

# Which of these packages are not installed.
missing_of() {
  local -A installed=()
  local package
  while read -r package; do
    installed[$package]=1
  done < <(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p')
  for package in "$@"; do
    [[ -n ${installed[$package]-} ]] || printf '%s\n' "$package"
  done
}

case "$*" in
  build) wanted=("${build_packages[@]}") ;;
  test | bench) wanted=("${build_packages[@]}" "${test_packages[@]}") ;;
  *) die "say which packages: $0 build, test or bench" ;;
esac
command -v dpkg-query apt-get >/dev/null || die "this is no Debian: install the equivalents of ${wanted[*]}"
mapfile -t missing < <(missing_of "${wanted[@]}")
if ((${#missing[@]} == 0)); then
  say "everything is there (${#wanted[@]} packages)"
  exit 0
fi
if ((EUID != 0)); then
  command -v sudo >/dev/null || die "run this as root: it has to install ${missing[*]}"
  exec sudo -- bash "${BASH_SOURCE[0]}" "$@"
fi
if [[ -z $(missing_of libboost1.74-dev) && -n $(missing_of libboost1.81-dev) ]]; then
  die "libboost1.74-dev is installed, and Debian does not let it stand beside libboost1.81-dev, which tidemark needs" \
    "(coroutines do not build with 1.74). If nothing of yours needs it: apt-get remove libboost1.74-dev"
fi

say "installing ${#missing[@]} packages: ${missing[*]}"
log=$(mktemp)
undo=()
clean_up() {
  local step
  for step in "${undo[@]}"; do
    eval "$step"
  done
  rm -f "$log"
}
trap clean_up EXIT

export DEBIAN_FRONTEND=noninteractive
apt() {
  apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Options::=--force-confdef \
    -o Dpkg::Options::=--force-confold "$@" >"$log" 2>&1 </dev/null
}
install_missing() { apt "$@" install --no-install-recommends --no-remove "${missing[@]}"; }

# Another apt may hold the lists, or a mirror may be between two states: both pass.
patiently() {
  local pause
  for pause in 3 10 30; do
    "$@" && return
    sleep "$pause"
  done
  "$@"
}

# PostgreSQL's package makes a cluster and starts it, at every boot from then on, unless it is told not to.
without_cluster() {
  local settings=/etc/postgresql-common/createcluster.conf
  if [[ ! -e $settings ]]; then
    mkdir -p "${settings%/*}"
    echo 'create_main_cluster = false' >"$settings"
    undo+=("cp /usr/share/postgresql-common/createcluster.conf $settings 2>/dev/null || rm -f $settings"
      "rm -f $settings.ucf-dist")
  fi
}

# The packages whose programs the tests start themselves come with services: neither start them now nor at boot.
without_services() {
  local policy=/usr/sbin/policy-rc.d service
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\ncase "$*" in *%s*|*%s*) exit 101 ;; esac\n' "${services[@]}" >"$policy"
    chmod 755 "$policy"
    undo+=("rm -f $policy")
  fi
  for service in "${services[@]}"; do
    if [[ " ${missing[*]} " == *" $service "* ]]; then
      undo+=("update-rc.d $service disable >/dev/null 2>&1 || true"
        "deb-systemd-helper disable $service.service >/dev/null 2>&1 || true")
    fi
  done
}

if ! patiently apt -o APT::Update::Error-Mode=any update; then
  say "the package lists could not be refreshed, going on with those at hand:" >&2
  grep -E '^[EW]:' "$log" | head -n 3 >&2 || true
fi
if ! install_missing --simulate; then
  cat "$log" >&2
  die "these packages cannot be installed here; all of them are in Debian 12 (bookworm with bookworm-security)"
fi
without_cluster
without_services
if ! patiently install_missing; then
  tail -n 40 "$log" >&2
  die "apt-get failed; its last words are above"
fi
say "installed"
