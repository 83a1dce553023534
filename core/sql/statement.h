#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

// PostgreSQL's table locks, weaker ones first. Of a statement: the strongest one that it takes on
// what was there before it. A new table is seen by nobody else, so to lock that is to lock nothing.
enum class LockClass {
  none,
  access_share,
  row_share,
  row_exclusive,
  share_update_exclusive,
  share,
  share_row_exclusive,
  exclusive,
  access_exclusive,
  unknown,  // runs code that is not looked into: DO, CALL, a function
};

std::string_view to_string(LockClass lock);
std::optional<LockClass> parse_lock_class(std::string_view text);

// What a statement does to the transaction that it stands in.
enum class TransactionControl {
  none,
  begin,
  begin_with_modes,  // BEGIN ISOLATION LEVEL …, READ ONLY, …
  commit,
  commit_and_chain,
  rollback,
  savepoint,  // also going back to one, and releasing it
  prepared,   // of two-phase commit
};

std::string_view to_string(TransactionControl control);
std::optional<TransactionControl> parse_transaction_control(std::string_view text);

// Something that a statement names, as it names it: the schema is empty where the text has none.
struct SqlObject {
  std::string kind;    // "table", "index", "column", …; "relation" where the text does not tell
  std::string schema;  // of a column, constraint, trigger, rule or policy: its table's
  std::string name;
  std::string table;  // of a column, constraint, trigger, rule or policy
  friend bool operator==(const SqlObject&, const SqlObject&) = default;
};

// A copy of what IF NOT EXISTS asks for, which is made beside what is there to compare the two, and
// goes again. It is a temporary table or index named twin_name, nothing that anybody else sees or
// waits for.
struct Twin {
  SqlObject object;       // a "table", "column" or "index"; of others only their being there counts
  bool unlogged = false;  // which no temporary table is
  std::string sql{};      // makes it, as far as names go, where the statement runs
  // Tables that it refers to, as SQL names them: temporary ones stand for them, which are named by
  // reference_name.
  std::vector<std::string> references{};
  std::string cannot{};  // why there is none
  friend bool operator==(const Twin&, const Twin&) = default;
};

inline constexpr std::string_view twin_name = "tidemark_twin";
inline constexpr std::string_view reference_name = "tidemark_reference_";  // and a number from 1

struct Statement {
  std::size_t offset = 0;  // in bytes, without blanks and comments before and after, and without
  std::size_t size = 0;    // its semicolon
  int line = 1;
  std::string kind;  // "CREATE TABLE": the command's tag, and CONCURRENTLY where it says so
  std::string no_transaction;  // why it cannot run in a transaction block; empty: it can
  LockClass lock = LockClass::none;
  TransactionControl control = TransactionControl::none;
  bool copy_from_stdin = false;
  bool if_not_exists = false;      // skips what is there already, however different that is
  bool does_more = false;          // than what it may skip
  std::vector<SqlObject> objects;  // first what it is about, then what else it names
  std::vector<Twin> twins{};       // of all that it may skip
  friend bool operator==(const Statement&, const Statement&) = default;
};

}  // namespace tidemark
