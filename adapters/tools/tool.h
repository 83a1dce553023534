#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/postgres/statement.h"
#include "core/apply/attempt.h"
#include "core/apply/script_text.h"
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
  bool can_select_all = false;  // SELECT on the table, with what is none of its columns
  friend bool operator==(const Relation&, const Relation&) = default;
};

// A directory that somebody wants to know the layout of.
struct DirectoryView {
  std::span<const std::string> paths;  // sorted
  // How a file begins, some thousand bytes of it; empty when it cannot be read.
  std::function<std::string(const std::string& path)> head;
};

// How much speaks for a directory having a tool's layout.
struct LayoutEvidence {
  enum class Strength {
    none,      // with files that it could read all the same: only a ledger would say so
    possible,  // its files could have these names, as others' could
    named,     // files have names, or begin in a way, that only this tool's do
    marked,    // a file is there that this tool alone puts beside its own
  };
  Strength strength = Strength::none;
  std::size_t files = 0;
};

// The bytes of a file as it was scanned; `conflict` when it has changed since.
using ReadScanned = std::function<Result<std::string>(const ScannedFile& file)>;

// What a relation is to a tool.
struct Recognition {
  enum class Verdict {
    no,         // does not look like its ledger
    near_miss,  // does, and is none
    if_named,   // so do many tables: it is one when the config names it
    possible,   // another tool's would look the same
    ledger,
  };
  Verdict verdict = Verdict::no;
  std::string words;  // the evidence, or what is in the way
};

// What makes a relation worth a look: it has both columns (lower-cased; `other` may be empty), and
// no more than `columns_max` in all unless that is 0.
struct Telltale {
  std::string_view column;
  std::string_view other;
  std::size_t columns_max = 0;
};

// One tool whose work tidemark can read: how its files are laid out, what its ledger looks like,
// how its checksum is computed. Stateless; one object for the whole process.
class Tool {
 public:
  virtual ~Tool() = default;
  virtual std::string_view name() const = 0;  // "flyway"

  // What a file is, by its path below the app's root, with names_above(), and its bytes; empty:
  // nothing of this tool's. Called for each file whose content changed, on a pool thread.
  virtual std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const = 0;
  // Which of the last names of `root`, a path of `repo`, with the slash, tell what a file below it
  // is, and belong in front of its path: an app's name, where `repo` names the app's own folder.
  virtual std::string names_above(std::string_view /*root*/, std::string_view /*path*/) const {
    return "";
  }
  // For a file too large to be held: the same without checksums.
  virtual std::vector<FileEntry> entries_by_name(std::string_view path) const = 0;
  // The catalog of all files together. Most layouts need no more than what entries() said.
  virtual Result<Catalog> arrange(std::span<const ScannedFile> files,
                                  const ReadScanned& read) const;
  virtual LayoutRules rules() const { return {}; }
  // What its tool would send to the server of a file's bytes, for files that are SQL as they stand;
  // invalid: why tidemark does not apply this one.
  virtual Result<ScriptText> script(std::string_view bytes, Attempt::Action action) const;

  // Whether a directory is this tool's.
  virtual LayoutEvidence layout_evidence(const DirectoryView& directory) const = 0;
  // How its files are named, for people: "V2__name.sql".
  virtual std::string_view layout_example() const = 0;

  // Only relations with one of these are asked for. A tool without a ledger has none.
  virtual std::span<const Telltale> telltales() const { return {}; }
  // The names that its ledger has unless somebody chose another, the likeliest first.
  virtual std::span<const std::string_view> default_tables() const { return {}; }

  // `all` are the relations that were found together, for ledgers that consist of several.
  virtual Recognition recognise(const Relation& relation, std::span<const Relation> all) const = 0;
  // Whether its rows name migrations of whatever layout.
  virtual bool reads_any_layout() const { return false; }
  // What select_rows() reads besides, in the schema of the ledger.
  virtual std::vector<std::string> tables_beside() const { return {}; }
  // Only for a relation that was recognised.
  virtual ReadQuery select_rows(const Relation& relation) const = 0;
  virtual Result<std::vector<Row>> rows(const ResultSet& answer) const = 0;
  // What is asked of a large ledger instead of its rows, to see whether they changed: the newest
  // few of them, found by an index, or what select_row_versions() says. nullopt: they are read at
  // each look.
  virtual std::optional<ReadQuery> select_tail(const Relation& relation) const = 0;

  // Who is applying something right now, as the tool itself marks it. The table beside the ledger
  // in which it does, and the question to that: rows of who, since when (milliseconds), and for how
  // many seconds.
  virtual std::string lock_table(const Relation&) const { return ""; }
  virtual std::optional<ReadQuery> select_lock(const Relation&) const { return std::nullopt; }
  // The advisory locks that it holds while it works.
  virtual std::vector<std::int64_t> advisory_locks(const Relation&, std::string_view) const {
    return {};
  }
};

// All of them, in the order in which they are asked.
std::span<const Tool* const> all_tools();
const Tool* find_tool(std::string_view name);

}  // namespace tidemark
