#include "adapters/store/schema.h"

#include <array>
#include <charconv>

namespace tidemark {

namespace {

// A step that was released is never changed: a later one changes what it made.
constexpr std::string_view step_1 = R"sql(
  CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;

  CREATE TABLE apps (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
  ) STRICT;

  CREATE TABLE environments (
    id                INTEGER PRIMARY KEY,
    app_id            INTEGER NOT NULL REFERENCES apps (id),
    name              TEXT NOT NULL,
    flipped_mode      TEXT,
    flipped_by        TEXT NOT NULL DEFAULT '',
    flipped_reason    TEXT NOT NULL DEFAULT '',
    last_mode         TEXT,
    mode_since        INTEGER,
    system_identifier TEXT,
    timeline          INTEGER NOT NULL DEFAULT 0,
    database_oid      INTEGER NOT NULL DEFAULT 0,
    schema_oid        INTEGER NOT NULL DEFAULT 0,
    history_certain   INTEGER NOT NULL DEFAULT 1,
    history_reason    TEXT NOT NULL DEFAULT '',
    UNIQUE (app_id, name)
  ) STRICT;

  CREATE TABLE contents (
    sha256     TEXT PRIMARY KEY,
    size       INTEGER NOT NULL,
    compressed BLOB NOT NULL
  ) STRICT;

  -- sha256 does not refer to contents: a file above the limit is recorded by its hash alone.
  CREATE TABLE records (
    seq            INTEGER PRIMARY KEY,
    environment_id INTEGER NOT NULL REFERENCES environments (id),
    key            TEXT NOT NULL,
    migration      TEXT NOT NULL,
    version        TEXT NOT NULL,
    applied        INTEGER NOT NULL,
    how            TEXT NOT NULL,
    evidence       TEXT NOT NULL,
    at             INTEGER NOT NULL,
    recorded_at    INTEGER NOT NULL,
    recorded_by    TEXT NOT NULL,
    reason         TEXT NOT NULL,
    sha256         TEXT,
    normalised     TEXT,
    size           INTEGER,
    their_row      TEXT NOT NULL,
    their_checksum TEXT NOT NULL
  ) STRICT;
  CREATE INDEX records_of_environment ON records (environment_id, seq);
  CREATE INDEX records_of_content ON records (sha256);
  CREATE TRIGGER records_are_not_changed BEFORE UPDATE ON records
  BEGIN SELECT RAISE(ABORT, 'records are never changed'); END;
  CREATE TRIGGER records_are_not_deleted BEFORE DELETE ON records
  BEGIN SELECT RAISE(ABORT, 'records are never deleted'); END;

  CREATE TABLE observations (
    environment_id INTEGER PRIMARY KEY REFERENCES environments (id),
    as_of          INTEGER NOT NULL,
    sight          TEXT NOT NULL
  ) STRICT;

  CREATE TABLE findings (
    id                  TEXT PRIMARY KEY,
    environment_id      INTEGER NOT NULL REFERENCES environments (id),
    kind                TEXT NOT NULL,
    key                 TEXT NOT NULL,
    environmental       INTEGER NOT NULL,
    migration           TEXT NOT NULL,
    severity            TEXT NOT NULL,
    summary             TEXT NOT NULL,
    details             TEXT NOT NULL,
    opened_at           INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    resolved_at         INTEGER,
    acknowledged_by     TEXT NOT NULL DEFAULT '',
    acknowledged_reason TEXT NOT NULL DEFAULT '',
    acknowledged_at     INTEGER,
    acknowledged_until  INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX findings_open_once ON findings (environment_id, kind, key, environmental)
   WHERE resolved_at IS NULL;
  CREATE INDEX findings_resolved ON findings (resolved_at) WHERE resolved_at IS NOT NULL;

  CREATE TABLE audit (
    seq         INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    actor       TEXT NOT NULL,
    what        TEXT NOT NULL,
    app         TEXT NOT NULL,
    environment TEXT NOT NULL,
    details     TEXT NOT NULL,
    previous    TEXT NOT NULL,
    hash        TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_at ON audit (at);
  CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;
  CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is never deleted'); END;
)sql";

// Since when somebody was told that migrations wait here, and what the credential was told to be
// able to do beyond reading; NULL: not told, not asked.
constexpr std::string_view step_2 = R"sql(
  ALTER TABLE environments ADD COLUMN lag_told_at INTEGER;
  ALTER TABLE environments ADD COLUMN excess_privileges TEXT;
)sql";

// What was tried, and where nothing may be tried for now; frozen_at is NULL where it may.
//
// mark_xid and mark_flushed are decimal texts: both are unsigned numbers of 64 bits that a server
// tells, an INTEGER has 63, and pg_resetwal can put a server's counters anywhere. started_at and
// ended_at are by a clock that somebody may set: which attempt is the newest is said by seq.
// sha256 does not refer to contents, as in records. Unsettled is whatever is not known to have
// ended, so that a damaged outcome is met and not overlooked.
constexpr std::string_view step_3 = R"sql(
  CREATE TABLE attempts (
    seq                    INTEGER PRIMARY KEY,
    id                     TEXT NOT NULL UNIQUE,
    environment_id         INTEGER NOT NULL REFERENCES environments (id),
    key                    TEXT NOT NULL,
    migration              TEXT NOT NULL,
    version                TEXT NOT NULL,
    action                 TEXT NOT NULL,
    sha256                 TEXT NOT NULL,
    normalised             TEXT NOT NULL,
    size                   INTEGER NOT NULL,
    statements             INTEGER NOT NULL,
    transactional          INTEGER NOT NULL,
    unanalysed             INTEGER NOT NULL,
    makes                  TEXT NOT NULL,
    started_by             TEXT NOT NULL,
    started_at             INTEGER NOT NULL,
    mark_xid               TEXT,
    mark_system_identifier TEXT,
    mark_timeline          INTEGER,
    mark_database_oid      INTEGER,
    mark_schema_oid        INTEGER,
    mark_server_started    INTEGER,
    mark_flushed           TEXT,
    journal                TEXT,
    outcome                TEXT NOT NULL,
    ended_at               INTEGER,
    detail                 TEXT NOT NULL,
    CHECK ((outcome = 'open') = (ended_at IS NULL))
  ) STRICT;
  CREATE UNIQUE INDEX attempts_open_once ON attempts (environment_id) WHERE outcome = 'open';
  CREATE INDEX attempts_unsettled ON attempts (environment_id)
   WHERE outcome NOT IN ('applied', 'not_applied', 'cancelled');
  CREATE INDEX attempts_ended ON attempts (environment_id, key, seq)
   WHERE outcome IN ('applied', 'not_applied', 'cancelled');
  CREATE TRIGGER attempts_keep_their_intent BEFORE UPDATE OF
    seq, id, environment_id, key, migration, version, action, sha256, normalised, size, statements,
    transactional, unanalysed, makes, started_by, started_at ON attempts
  BEGIN SELECT RAISE(ABORT, 'what an attempt set out to do is never changed'); END;
  CREATE TRIGGER attempts_keep_a_mark BEFORE UPDATE ON attempts
   WHEN OLD.mark_xid IS NOT NULL AND NEW.mark_xid IS NULL
  BEGIN SELECT RAISE(ABORT, 'an attempt that may have been committed stays so'); END;
  CREATE TRIGGER attempts_end_once BEFORE UPDATE ON attempts
   WHEN OLD.outcome <> 'open'
    AND NOT (OLD.outcome = 'unknown' AND NEW.outcome IN ('applied', 'not_applied'))
  BEGIN SELECT RAISE(ABORT, 'an attempt that ended is never changed'); END;
  CREATE TRIGGER attempts_are_not_deleted BEFORE DELETE ON attempts
  BEGIN SELECT RAISE(ABORT, 'attempts are never deleted'); END;

  ALTER TABLE environments ADD COLUMN frozen_by TEXT;
  ALTER TABLE environments ADD COLUMN frozen_reason TEXT;
  ALTER TABLE environments ADD COLUMN frozen_at INTEGER;
  ALTER TABLE environments ADD COLUMN frozen_until INTEGER;
)sql";

// What IF NOT EXISTS left as it was, of what an attempt was to make.
constexpr std::string_view step_4 = R"sql(
  ALTER TABLE attempts ADD COLUMN no_op INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE attempts ADD COLUMN differences TEXT NOT NULL DEFAULT '{}';
)sql";

constexpr std::array steps{step_1, step_2, step_3, step_4};

constexpr std::string_view count_tables = R"sql(
  SELECT count(*), count(*) FILTER (WHERE name = 'meta')
    FROM sqlite_master
   WHERE type = 'table'
)sql";

constexpr std::string_view select_version = R"sql(
  SELECT value FROM meta WHERE name = 'schema_version'
)sql";

constexpr std::string_view set_version = R"sql(
  INSERT INTO meta (name, value) VALUES ('schema_version', $1)
  ON CONFLICT (name) DO UPDATE SET value = excluded.value
)sql";

std::unexpected<Error> not_ours() {
  return fail(Errc::invalid,
              "this SQLite database is not a tidemark ledger: name another file in the config");
}

}  // namespace

int newest_schema_version() {
  return static_cast<int>(steps.size());
}

Result<int> schema_version(Database& database) {
  const auto tables = database.query(count_tables);
  if (!tables) {
    return std::unexpected(tables.error());
  }
  if (tables->front().integer(0) == 0) {
    return 0;
  }
  if (tables->front().integer(1) == 0) {
    return not_ours();
  }
  const auto rows = database.query(select_version);
  if (!rows && rows.error().code != Errc::internal) {
    return std::unexpected(rows.error());
  }
  if (!rows || rows->empty()) {  // somebody else's `meta`
    return not_ours();
  }
  const auto& text = rows->front().text(0);
  int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version < 1) {
    return fail(Errc::broken, "its schema version is not a number: '" + text + "'");
  }
  if (version > newest_schema_version()) {
    return fail(Errc::invalid,
                "it has schema version " + text +
                    ", and this tidemark " TIDEMARK_VERSION " knows versions up to " +
                    std::to_string(newest_schema_version()) +
                    ": it was used by a newer tidemark; start that one, or restore a backup from "
                    "before its upgrade");
  }
  return version;
}

Result<void> upgrade_schema(Database& database, int version) {
  for (auto next = version + 1; next <= newest_schema_version(); ++next) {
    const auto done = database.transaction([&]() -> Result<void> {
      if (const auto made = database.execute(steps.at(static_cast<std::size_t>(next - 1))); !made) {
        return std::unexpected(made.error());
      }
      if (const auto set = database.execute(set_version, {std::to_string(next)}); !set) {
        return std::unexpected(set.error());
      }
      return {};
    });
    if (!done) {
      return fail("upgrade to schema version " + std::to_string(next), done.error());
    }
  }
  return {};
}

}  // namespace tidemark
