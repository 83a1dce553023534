#!/usr/bin/env bash
# tidemark in five minutes: builds it, starts a throw-away PostgreSQL and a daemon that watches an app `shop`, shows what
# the daemon sees, then stays until Ctrl-C, which leaves nothing running.
#
#   deploy/quickstart.sh           the tour, then try things yourself
#   deploy/quickstart.sh --once    the tour only
#   --programs DIR                 with the programs that are built in DIR, instead of building them
#
# For Debian 12, as root or as a user with sudo. Everything lives in one folder under $TMPDIR that goes away again; only
# the packages and build/ stay, so that a second start takes seconds.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
once=false
bin=''
usage() {
  echo "usage: $0 [--once] [--programs DIR]" >&2
  exit 2
}
while (($#)); do
  case "$1" in
    --once) once=true ;;
    --programs)
      (($# > 1)) || usage
      bin=$(cd "$2" && pwd)
      shift
      ;;
    *) usage ;;
  esac
  shift
done

if [[ -t 1 && -z ${NO_COLOR-} ]]; then bold=$'\e[1m' dim=$'\e[2m' off=$'\e[0m'; else bold='' dim='' off=''; fi
step() { printf '\n%s== %s%s\n' "$bold" "$*" "$off"; }
run() { # shows a command as one would type it, then runs it
  local word line='$'
  for word; do
    if [[ $word == *' '* ]]; then line+=" '$word'"; else line+=" $word"; fi
  done
  printf '%s%s%s\n' "$dim" "$line" "$off"
  "$@"
}
die() {
  printf 'quickstart: %s\n' "$*" >&2
  exit 1
}

if [[ -z $bin ]]; then
  step "Packages and build"
  "$root/deploy/install-packages.sh" build
  cd "$root"
  [[ -f build/release/build.ninja ]] || cmake --preset release >/dev/null
  cmake --build build/release --target tidemarkd tidemark tidemark-parser
  bin=$root/build/release/daemon
fi

# --- a folder of its own, and everything that has to end with us ------------------------------------------------------

home=$(mktemp -d "${TMPDIR:-/tmp}/tidemark-quickstart.XXXXXX")
chmod 755 "$home"
daemon_pid=''
postgres_started=false
# PostgreSQL refuses to run as root.
# From a folder that it may enter, which a clone of root's is not.
as_postgres() { if ((EUID == 0)); then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
clean_up() {
  trap - EXIT INT TERM
  if [[ -n $daemon_pid ]] && kill "$daemon_pid" 2>/dev/null; then wait "$daemon_pid" 2>/dev/null || true; fi
  if $postgres_started; then as_postgres "$pg_bin/pg_ctl" -D "$home/pg/data" -m immediate stop >/dev/null 2>&1 || true; fi
  rm -rf "$home"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step "A throw-away PostgreSQL in $home/pg"
pg_bin=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
[[ -n $pg_bin ]] || die "no PostgreSQL under /usr/lib/postgresql"
mkdir "$home/pg"
((EUID != 0)) || chown postgres: "$home/pg"
as_postgres "$pg_bin/initdb" --no-sync -A trust -U postgres -E UTF8 --locale=C.UTF-8 -D "$home/pg/data" >"$home/initdb.log"
postgres_started=true
as_postgres "$pg_bin/pg_ctl" -D "$home/pg/data" -l "$home/pg/log" -w \
  -o "-c listen_addresses='' -c unix_socket_directories='$home/pg' -c fsync=off" start >/dev/null ||
  die "PostgreSQL did not start: $(tail -n 3 "$home/pg/log" 2>/dev/null)"
sql() { "$pg_bin/psql" -X -q -v ON_ERROR_STOP=1 -h "$home/pg" -U postgres "$@"; }
sql -d postgres -c 'CREATE DATABASE shop_dev' -c 'CREATE DATABASE shop_qa' -c 'CREATE DATABASE shop_staging' \
  -c 'CREATE ROLE reader LOGIN'

step "An app: shop, with a directory of Flyway migrations"
mkdir "$home/migrations"
cat >"$home/migrations/V1__users.sql" <<'SQL'
CREATE TABLE users (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE
);
SQL
cat >"$home/migrations/V2__orders.sql" <<'SQL'
CREATE TABLE orders (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id  bigint NOT NULL REFERENCES users (id),
    total    numeric(12, 2) NOT NULL
);
SQL
cat >"$home/migrations/V3__phone.sql" <<'SQL'
ALTER TABLE users ADD COLUMN phone text;
SQL
ls "$home/migrations"
echo "dev:     an empty database, to which tidemark may apply"
echo "qa:      a script of the team's own applied all three, and keeps a table of what it did"
sql -d shop_qa -c 'CREATE TABLE changes (file text PRIMARY KEY, sha256 text NOT NULL, at timestamptz NOT NULL DEFAULT now())' \
  -c 'GRANT SELECT ON changes TO reader'
for file in V1__users V2__orders V3__phone; do
  hash=$(sha256sum <"$home/migrations/$file.sql")
  sql -d shop_qa -f "$home/migrations/$file.sql" -c "INSERT INTO changes VALUES ('$file.sql', '${hash%% *}')"
done
echo "staging: Flyway applied the first two, and keeps its own ledger there"
for file in V1__users V2__orders; do sql -d shop_staging -f "$home/migrations/$file.sql"; done
sql -d shop_staging <<'SQL'
CREATE TABLE flyway_schema_history (
    installed_rank integer NOT NULL CONSTRAINT flyway_schema_history_pk PRIMARY KEY,
    version        character varying(50),
    description    character varying(200) NOT NULL,
    type           character varying(20) NOT NULL,
    script         character varying(1000) NOT NULL,
    checksum       integer,
    installed_by   character varying(100) NOT NULL,
    installed_on   timestamp without time zone NOT NULL DEFAULT now(),
    execution_time integer NOT NULL,
    success        boolean NOT NULL
);
CREATE INDEX flyway_schema_history_s_idx ON flyway_schema_history (success);
INSERT INTO flyway_schema_history VALUES
    (1, '1', 'users', 'SQL', 'V1__users.sql', -1135866481, 'flyway', now() - interval '2 days', 21, true),
    (2, '2', 'orders', 'SQL', 'V2__orders.sql', -2031289626, 'flyway', now() - interval '1 day', 17, true);
GRANT SELECT ON flyway_schema_history TO reader;
SQL
echo "prod:    nobody lets tidemark near it; what is there is what people say"

step "The daemon"
free_port() {
  local port
  for port in 9847 19847 29847 39847 49847; do
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  die "ports 9847 to 49847 are all taken"
}
port=$(free_port)
cat >"$home/tidemark.yaml" <<YAML
ledger: sqlite:$home/ledger.db
control: {socket: $home/control.sock}
http: {listen: "127.0.0.1:$port"}
apps:
  - name: shop
    repo: {path: $home/migrations, settle: 500ms}
    environments:
      - name: dev                       # managed, by its name
        database: postgresql://postgres@/shop_dev?host=$home/pg
        poll: 2s
      - name: qa
        mode: reconcile_only            # read, never written
        database: postgresql://reader@/shop_qa?host=$home/pg
        their_ledger: {custom: {table: public.changes, key: file, checksum: sha256, algorithm: sha256, applied_at: at}}
        poll: 2s
      - name: staging
        mode: reconcile_only            # Flyway's ledger is found by its columns
        database: postgresql://reader@/shop_staging?host=$home/pg
        poll: 2s
      - name: prod                      # export_only, by its name: never connected to
access:
  - {user: $(id -un), role: admin}
YAML
cat "$home/tidemark.yaml"
"$bin/tidemarkd" --config "$home/tidemark.yaml" --check-config
start_daemon() {
  "$bin/tidemarkd" --config "$home/tidemark.yaml" 2>>"$home/daemon.log" &
  daemon_pid=$!
}
start_daemon
export TIDEMARK_SOCKET=$home/control.sock PATH=$bin:$PATH

# Waits for a command to succeed; says what the daemon said when it does not.
wait_until() { # seconds, what, command…
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    kill -0 "$daemon_pid" 2>/dev/null || die "the daemon has ended: $(tail -n 5 "$home/daemon.log")"
    ((SECONDS < deadline)) || die "$what did not happen: $(tail -n 5 "$home/daemon.log")"
    sleep 0.1
  done
}
ready() { curl -fsS "http://127.0.0.1:$port/-/ready"; }
all_seen() { tidemark status --json | grep -q '"app":"shop"' && ! tidemark status --json | grep -q '"unknown":[1-9]'; }
wait_until 20 "the start" ready
wait_until 20 "a first look at every environment" all_seen
run tidemark mark shop/prod V1__users --reason "in production since the first day" --by release-2.7

step "dev is empty: what tidemark would do there, and then it does"
run tidemark plan shop/dev
run tidemark apply shop/dev --yes

step "What is true now"
run tidemark status
run tidemark matrix shop

step "Somebody edits V2__orders.sql, which is long applied"
echo "-- just a comment, surely harmless" >>"$home/migrations/V2__orders.sql"
edited_at=$(date +%s%N)
drifted() { (($(tidemark matrix shop --json | grep -o '"kind":"edited"' | wc -l) == 3)); } # in dev, qa and staging
wait_until 20 "noticing the edit" drifted
tenths=$((($(date +%s%N) - edited_at) / 100000000))
printf 'noticed after %d.%d s\n' $((tenths / 10)) $((tenths % 10))
run tidemark matrix shop
run tidemark findings shop
run tidemark diff shop/staging V2__orders
run tidemark ledger shop/qa

step "A migration that takes its time, and a daemon that is killed in the middle of it"
cat >"$home/migrations/V4__contacts.sql" <<'SQL'
CREATE TABLE contacts AS SELECT id, email FROM users;
SELECT pg_sleep(6);
ALTER TABLE users DROP COLUMN phone;
SQL
knows_contacts() { tidemark show shop V4__contacts; }
is() { tidemark matrix shop --json | grep -q "\"V4__contacts\".*\"dev\":{\"state\":\"$1\""; }
settled() { is failed; }
applying() { is applying; }
wait_until 20 "the new file" knows_contacts
printf '%s$ tidemark apply shop/dev --yes & sleep 2; kill -9 %s    # the daemon%s\n' "$dim" "$daemon_pid" "$off"
tidemark apply shop/dev --yes &
client_pid=$!
wait_until 20 "the apply" applying
sleep 2
kill -9 "$daemon_pid"
wait "$client_pid" || true
wait "$daemon_pid" 2>/dev/null || true
echo "and started again:"
start_daemon
wait_until 20 "the start" ready
wait_until 40 "the verdict" settled
run tidemark show shop V4__contacts
printf 'contacts in the database: %s\n' "$(sql -At -d shop_dev -c "SELECT coalesce(to_regclass('contacts')::text, 'no such table')")"
run tidemark apply shop/dev --yes
printf 'contacts in the database: %s\n' "$(sql -At -d shop_dev -c "SELECT coalesce(to_regclass('contacts')::text, 'no such table')")"

step "What Prometheus sees at http://127.0.0.1:$port/metrics"
curl -fsS "http://127.0.0.1:$port/metrics" | grep -E '^tidemark_(drift_findings.*kind="edited"|applies_total)'

step "What the audit log says, and that nobody tampered with it"
tidemark audit | tail -n 8
run tidemark audit verify

step "Try next"
cat <<TEXT
In another terminal:

  export TIDEMARK_SOCKET=$home/control.sock PATH=$bin:\$PATH
  tidemark status                                  # who is where
  tidemark findings                                # what is wrong, and since when
  tidemark show shop V2__orders                    # everything about one migration
  tidemark ledger shop/staging --shape             # Flyway's ledger beside ours
  tidemark events --follow                         # then put the file back:
  sed -i '\$d' $home/migrations/V2__orders.sql
  psql -h $home/pg -U postgres shop_staging        # delete a row of flyway_schema_history: it "vanished"
  tidemark mode shop/prod managed --reason try     # refused, and why
TEXT
if $once; then
  step "Done"
  exit 0
fi
printf '\n%sRunning. Ctrl-C ends everything and removes %s%s\n' "$bold" "$home" "$off"
wait "$daemon_pid" || die "the daemon has ended: $(tail -n 5 "$home/daemon.log")"
