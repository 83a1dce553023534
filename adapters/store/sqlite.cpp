#include "adapters/store/sqlite.h"

#include <cerrno>
#include <climits>
#include <map>
#include <system_error>

#include <sqlite3.h>

namespace tidemark {

namespace {

constexpr int busy_timeout_ms = 5000;

struct CloseHandle {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
using Handle = std::unique_ptr<sqlite3, CloseHandle>;

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

struct ReadyAgain {
  void operator()(sqlite3_stmt* statement) const {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

// More than there are in these sources.
constexpr std::size_t prepared_at_most = 200;

std::string because(sqlite3* handle) {
  std::string words = sqlite3_errmsg(handle);
  if (const int number = sqlite3_system_errno(handle); number != 0) {
    words += " (" + std::generic_category().message(number) + ")";
  }
  return words;
}

bool is_permission(int number) {
  return number == EACCES || number == EPERM || number == EROFS;
}

Error error_of(sqlite3* handle, int code) {
  const auto words = because(handle);
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {Errc::retry, "disk full, nothing was written: make room and it goes on by itself"};
    case SQLITE_IOERR:
      return {Errc::retry, "the disk failed, nothing was written: " + words};
    case SQLITE_NOMEM:
      return {Errc::retry, words};
    case SQLITE_CANTOPEN:
      return {is_permission(sqlite3_system_errno(handle)) ? Errc::denied : Errc::retry, words};
    case SQLITE_CORRUPT:
    case SQLITE_FORMAT:
      return {Errc::broken, "the file is damaged: " + words};
    case SQLITE_NOTADB:
      return {Errc::broken, "the file is not a SQLite database"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Errc::conflict, "another process keeps the database locked: " + words};
    case SQLITE_CONSTRAINT:
      return {Errc::conflict, words};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {Errc::denied, words};
    case SQLITE_TOOBIG:
      return {Errc::invalid, words};
    default:
      return {Errc::internal, words};
  }
}

SqlValue column_value(sqlite3_stmt* statement, int column) {
  const auto bytes = [&](const void* data) {
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
    return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
  };
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
      return {};
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_TEXT:
      return bytes(sqlite3_column_text(statement, column));
    case SQLITE_BLOB:
      return SqlBlob{bytes(sqlite3_column_blob(statement, column))};
    default:
      throw DamagedLedger("a fractional number, which our schema does not know");
  }
}

SqlRow current_row(sqlite3_stmt* statement) {
  SqlValues values;
  const int columns = sqlite3_column_count(statement);
  values.reserve(static_cast<std::size_t>(columns));
  for (int column = 0; column < columns; ++column) {
    values.push_back(column_value(statement, column));
  }
  return SqlRow(std::move(values));
}

class Sqlite final : public Database {
 public:
  explicit Sqlite(Handle handle) : handle_(std::move(handle)) {}

  Result<std::int64_t> execute(std::string_view sql, const SqlValues& values) override {
    if (!trusted_) {
      return distrust();
    }
    const auto before = sqlite3_total_changes64(handle_.get());
    const auto done = run(sql, values, nullptr);
    if (!done) {
      return std::unexpected(done.error());
    }
    return sqlite3_total_changes64(handle_.get()) - before;
  }

  Result<std::vector<SqlRow>> query(std::string_view sql, const SqlValues& values) override {
    std::vector<SqlRow> rows;
    const auto done = run(sql, values, &rows);
    if (!done) {
      return std::unexpected(done.error());
    }
    return rows;
  }

  Result<void> transaction(const std::function<Result<void>()>& work) override {
    // Takes the write lock at once: a transaction that only finds out later that it cannot write
    // would fail half-way.
    if (const auto begun = execute("BEGIN IMMEDIATE", {}); !begun) {
      return std::unexpected(begun.error());
    }
    const RollBackIfOpen undo{handle_.get()};
    if (auto done = work(); !done) {
      return done;
    }
    if (const auto committed = execute("COMMIT", {}); !committed) {
      return std::unexpected(committed.error());
    }
    return {};
  }

 private:
  struct RollBackIfOpen {
    sqlite3* handle;
    ~RollBackIfOpen() {
      if (sqlite3_get_autocommit(handle) == 0) {
        sqlite3_exec(handle, "ROLLBACK", nullptr, nullptr, nullptr);
      }
    }
  };

  std::unexpected<Error> distrust() const {
    return fail(
        Errc::broken,
        "the disk failed to flush an earlier write, so nothing more is written through this "
        "handle: check the disk, then restart the daemon");
  }

  std::unexpected<Error> failure(int code) {
    // After a failed fsync the kernel may have dropped what it could not write and say "fine" the
    // next time.
    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) {
      trusted_ = false;
      return distrust();
    }
    return std::unexpected(error_of(handle_.get(), code));
  }

  // Rows are appended to `rows` when it is not null.
  Result<void> run(std::string_view sql, const SqlValues& values, std::vector<SqlRow>* rows) {
    if (const auto known = prepared_.find(sql); known != prepared_.end()) {
      return run_one(known->second.get(), values, rows);
    }
    const auto whole = sql;
    std::size_t statements = 0;
    while (!sql.empty()) {
      auto statement = take_statement(sql);
      if (!statement) {
        return std::unexpected(statement.error());
      }
      if (*statement == nullptr) {
        break;  // only white space and comments were left
      }
      if (++statements > 1 && !values.empty()) {
        return fail(Errc::internal, "values were given for more than one statement");
      }
      if (const auto done = run_one(statement->get(), values, rows); !done) {
        return done;
      }
      const bool alone = statements == 1 && sql.find_first_not_of(" \n") == std::string_view::npos;
      if (alone && prepared_.size() < prepared_at_most) {
        prepared_.emplace(whole, std::move(*statement));
      }
    }
    return {};
  }

  Result<void> run_one(sqlite3_stmt* statement,
                       const SqlValues& values,
                       std::vector<SqlRow>* rows) {
    // It keeps nothing of the values, and no lock on anything.
    const std::unique_ptr<sqlite3_stmt, ReadyAgain> ready(statement);
    if (const auto bound = bind(statement, values); !bound) {
      return bound;
    }
    return step(statement, rows);
  }

  Result<Statement> take_statement(std::string_view& sql) {
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    const int code = sqlite3_prepare_v2(
        handle_.get(), sql.data(), static_cast<int>(sql.size()), &statement, &tail);
    if (code != SQLITE_OK) {
      return failure(code);
    }
    sql.remove_prefix(static_cast<std::size_t>(tail - sql.data()));
    return Statement(statement);
  }

  // By name: "$1" is a name in SQLite, and the first one that stands in the SQL would be number 1
  // whatever it says.
  Result<void> bind(sqlite3_stmt* statement, const SqlValues& values) {
    if (static_cast<std::size_t>(sqlite3_bind_parameter_count(statement)) != values.size()) {
      return fail(Errc::internal,
                  std::to_string(values.size()) +
                      " values do not fit the parameters of: " + sqlite3_sql(statement));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto name = "$" + std::to_string(i + 1);
      const int index = sqlite3_bind_parameter_index(statement, name.c_str());
      if (index == 0) {
        return fail(Errc::internal, "no " + name + " in: " + sqlite3_sql(statement));
      }
      if (const int code = bind_one(statement, index, values[i]); code != SQLITE_OK) {
        return failure(code);
      }
    }
    return {};
  }

  // SQLITE_STATIC: the values outlive the statement.
  static int bind_one(sqlite3_stmt* statement, int index, const SqlValue& value) {
    struct Binder {
      sqlite3_stmt* statement;
      int index;
      int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
      int operator()(std::int64_t number) const {
        return sqlite3_bind_int64(statement, index, number);
      }
      int operator()(const std::string& text) const {
        return sqlite3_bind_text64(
            statement, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
      }
      int operator()(const SqlBlob& blob) const {
        return sqlite3_bind_blob64(
            statement, index, blob.bytes.data(), blob.bytes.size(), SQLITE_STATIC);
      }
    };
    return std::visit(Binder{statement, index}, value);
  }

  Result<void> step(sqlite3_stmt* statement, std::vector<SqlRow>* rows) {
    int code = sqlite3_step(statement);
    while (code == SQLITE_ROW) {
      if (rows != nullptr) {
        rows->push_back(current_row(statement));
      }
      code = sqlite3_step(statement);
    }
    if (code != SQLITE_DONE) {
      return failure(code);
    }
    return {};
  }

  Handle handle_;
  std::map<std::string, Statement, std::less<>> prepared_;  // of one statement each
  bool trusted_ = true;
};

// SQLite takes 90 kB at once for a statement that meets a trigger (for the rows that it finds), and
// 64 kB for what it would undo. With a few small writes that is most of the work, so it takes them
// in small pieces.
void take_memory_in_small_pieces() {
  [[maybe_unused]] static const bool done = [] {
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
    sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
    return true;
  }();
}

constexpr std::string_view settings = R"sql(
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA journal_size_limit = 16777216;
)sql";

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const std::filesystem::path& file,
                                              SqliteAccess access) {
  const int flags =
      (access == SqliteAccess::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
      SQLITE_OPEN_EXRESCODE;
  take_memory_in_small_pieces();
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &raw, flags, nullptr);
  Handle handle(raw);
  if (handle == nullptr) {
    return fail(Errc::retry, "out of memory");
  }
  if (code != SQLITE_OK) {
    return std::unexpected(error_of(handle.get(), code));
  }
  sqlite3_busy_timeout(handle.get(), busy_timeout_ms);
  // What somebody may have written into the file's schema does not run, and no SQL can damage the
  // file.
  sqlite3_db_config(handle.get(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return std::make_unique<Sqlite>(std::move(handle));
}

Result<void> prepare_sqlite_for_writing(Database& database) {
  const auto mode = database.query("PRAGMA journal_mode = WAL");
  if (!mode) {
    return std::unexpected(mode.error());
  }
  if (mode->empty() || mode->front().text(0) != "wal") {
    return fail(Errc::denied,
                "this file system does not support SQLite's write-ahead log: put the ledger on a "
                "local disk");
  }
  if (const auto set = database.execute(settings); !set) {
    return std::unexpected(set.error());
  }
  return {};
}

Result<std::string> sqlite_damage(Database& database) {
  const auto answer = database.query("PRAGMA quick_check(1)");
  if (!answer) {
    return std::unexpected(answer.error());
  }
  if (answer->size() == 1 && answer->front().text(0) == "ok") {
    return std::string();
  }
  return answer->empty() ? std::string("quick_check gave no answer") : answer->front().text(0);
}

}  // namespace tidemark
