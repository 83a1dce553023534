#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/postgres/statement.h"
#include "core/catalog/catalog.h"
#include "core/ledger/observation.h"
#include "core/result.h"

namespace tidemark {

// A relation as the server's catalog describes it: what ledgers are recognised by, never by their
// name alone.
struct Relation {
  struct Column {
    std::string name;  // as stored; compare lower-cased
    std::string type;  // format_type(): "character varying(50)"
    bool not_null = false;
    friend bool operator==(const Column&, const Column&) = default;
  };
  TableName name;
  std::uint32_t oid = 0;
  char kind = 'r';  // pg_class.relkind
  bool partition = false;
  bool can_use = false;       // USAGE on its schema
  bool can_select = false;    // SELECT on it, or on some of its columns
  bool row_security = false;  // it would hide rows from us
  std::vector<Column> columns;
  std::vector<std::string> primary_key;
  friend bool operator==(const Relation&, const Relation&) = default;
};

// One tool whose work tidemark can read: how its files are laid out, what its ledger looks like,
// how its checksum is computed. Stateless; one object for the whole process.
class Tool {
 public:
  virtual ~Tool() = default;
  virtual std::string_view name() const = 0;  // "flyway"

  // What a file is, by its path below the app's root and its bytes; empty: no migration of this
  // tool. Called for each file whose content changed, on a pool thread.
  virtual std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const = 0;
  // For a file too large to be held: the same without checksums.
  virtual std::vector<FileEntry> entries_by_name(std::string_view path) const = 0;

  // Whether a directory with these files is this tool's: how many of them are named as only this
  // tool would.
  virtual std::size_t layout_evidence(std::span<const std::string> paths) const = 0;
  // How its files are named, for people: "V2__name.sql".
  virtual std::string_view layout_example() const = 0;

  // Lower-cased column names of which a ledger of this tool, or what looks like one, has at least
  // one: only relations that do are asked for. A tool without a ledger has none.
  virtual std::span<const std::string_view> telltale_columns() const = 0;
  // The names that its ledger has unless somebody chose another, the likeliest first.
  virtual std::span<const std::string_view> default_tables() const = 0;

  // Whether this relation is a ledger of this tool: empty when it is not, else the evidence in
  // words.
  virtual std::string recognise(const Relation& relation) const = 0;
  // Why a relation that looks like a ledger of this tool is none; empty when it is one, or does not
  // look like one.
  virtual std::string near_miss(const Relation& relation) const = 0;
  // Only for a relation that was recognised.
  virtual ReadQuery select_rows(const Relation& relation) const = 0;
  virtual Result<std::vector<Row>> rows(const ResultSet& answer) const = 0;
  // The newest few rows, found by an index: what an append to a large ledger shows in.
  virtual ReadQuery select_tail(const Relation& relation) const = 0;
};

// All of them, in the order in which they are asked.
std::span<const Tool* const> all_tools();
const Tool* find_tool(std::string_view name);

}  // namespace tidemark
