#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/catalog/content.h"
#include "core/result.h"
#include "core/time.h"

namespace tidemark {

struct SqlBlob {
  std::string bytes;
  friend bool operator==(const SqlBlob&, const SqlBlob&) = default;
};

// Null, a whole number, a text or bytes: all that our ledger stores.
using SqlValue = std::variant<std::monostate, std::int64_t, std::string, SqlBlob>;
using SqlValues = std::vector<SqlValue>;

// How times and hashes are stored: milliseconds since 1970 and lower-case hex, readable with any
// SQL client.
SqlValue sql_time(TimePoint time);
SqlValue sql_time(const std::optional<TimePoint>& time);
SqlValue sql_digest(const Digest& digest);

// What was read is not what our schema promises: the file was damaged or somebody else wrote into
// it. Ledger turns it into an Error; it is an exception because nothing between the row and there
// could do anything about it.
class DamagedLedger : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// For words that the schema stores by name: a word that we do not know is damage.
template <class T>
T known_word(std::optional<T> value, const std::string& word) {
  if (!value) {
    throw DamagedLedger("unknown word '" + word + "'");
  }
  return *value;
}

// One row of an answer. Asking for another type than the column has throws DamagedLedger.
class SqlRow {
 public:
  explicit SqlRow(SqlValues values) : values_(std::move(values)) {}

  std::size_t size() const { return values_.size(); }
  bool is_null(std::size_t column) const;
  std::int64_t integer(std::size_t column) const;
  const std::string& text(std::size_t column) const;
  const std::string& blob(std::size_t column) const;
  bool flag(std::size_t column) const { return integer(column) != 0; }
  TimePoint time(std::size_t column) const;
  std::optional<TimePoint> time_if_any(std::size_t column) const;
  Digest digest(std::size_t column) const;

 private:
  SqlValues values_;
};

// The SQL engine under our ledger. Values are named $1, $2, … in the SQL and given in that order;
// $1 may stand in it more than once. Used by one thread at a time. Every implementation passes
// tests/adapters/store/database_contract.h.
//
// Errors: retry (no space, I/O: nothing was changed, the same call may work later), conflict (a
// constraint says no, or somebody else holds the database), broken (not a database, damaged, or no
// longer to be trusted with writes), denied (permissions), internal (our SQL is wrong).
class Database {
 public:
  virtual ~Database() = default;

  // Returns how many rows it inserted, changed or deleted. Without values the SQL may be several
  // statements.
  virtual Result<std::int64_t> execute(std::string_view sql, const SqlValues& values = {}) = 0;

  virtual Result<std::vector<SqlRow>> query(std::string_view sql, const SqlValues& values = {}) = 0;

  // All that `work` does, or nothing: committed durably when it returns a value, undone when it
  // returns an error or throws, and when the commit itself fails. Does not nest.
  virtual Result<void> transaction(const std::function<Result<void>()>& work) = 0;
};

}  // namespace tidemark
