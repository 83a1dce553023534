#include "adapters/tools/golang_migrate.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/flat.h"
#include "adapters/tools/hash.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/sections.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

using Role = FileEntry::Role;

constexpr std::array telltale_columns{Telltale{"dirty", "version", 2}};
constexpr std::array<std::string_view, 1> default_names{"schema_migrations"};

constexpr std::array<ColumnShape, 2> ledger_columns{{
    {"version", "bigint", true},
    {"dirty", "boolean", true},
}};

// Two rows would be somebody else's; more need not be read to know that.
constexpr ReadStatement select_mark = R"sql(
  SELECT version, dirty
    FROM {ledger}
   ORDER BY version
   LIMIT 2
)sql";

struct NamedFile {
  Role role = Role::versioned;
  std::string_view id;
  std::string_view version;
  std::string_view name;
};

bool is_unsigned_64(std::string_view digits) {
  std::uint64_t value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  return error == std::errc() && stop == end;
}

// Any would do for the tool itself, also one of several words: "pg.sql". These are what editors and
// merges leave behind, and what Pop writes in a language of its own.
bool is_extension(std::string_view text) {
  const auto lower = lower_case(text);
  const auto in_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
  };
  const auto last = std::string_view(lower).substr(lower.rfind('.') + 1);
  constexpr std::array<std::string_view, 6> others{"bak", "fizz", "orig", "rej", "swo", "swp"};
  return std::ranges::all_of(lower, in_word) && !last.empty() &&
         std::ranges::find(others, last) == others.end();
}

// Where the last ".up." or ".down." of a name begins, and which it is.
struct Direction {
  std::size_t at = 0;
  std::string_view word;
  Role role = Role::versioned;
};
std::optional<Direction> direction_in(std::string_view file) {
  const Direction up{file.rfind(".up."), ".up.", Role::versioned};
  const Direction down{file.rfind(".down."), ".down.", Role::rollback};
  const auto none = std::string_view::npos;
  if (up.at == none && down.at == none) {
    return std::nullopt;
  }
  return down.at == none || (up.at != none && up.at > down.at) ? up : down;
}

// "0001", "init" and up of "0001_init.up.sql".
std::optional<NamedFile> named(std::string_view path) {
  if (never_a_migration(path)) {
    return std::nullopt;
  }
  const auto file = base_name(path);
  const auto direction = direction_in(file);
  if (!direction || !is_extension(file.substr(direction->at + direction->word.size()))) {
    return std::nullopt;
  }
  NamedFile found;
  found.role = direction->role;
  found.id = file.substr(0, direction->at);
  const auto end = found.id.find('_');
  if (end == std::string_view::npos || !is_unsigned_64(found.id.substr(0, end))) {
    return std::nullopt;
  }
  found.version = found.id.substr(0, end);
  found.name = found.id.substr(end + 1);
  return found;
}

bool is_up(std::string_view path) {
  const auto file = named(path);
  return file && file->role == Role::versioned;
}

// The row that says how far it came. Nothing but the number is kept, of which -1 is only ever there
// when the very first migration was being rolled back.
Row mark_of(std::string_view version, bool dirty) {
  Row row;
  row.key.value = version;
  row.id.value = version;
  row.version_text = version;
  if (!version.starts_with('-')) {
    row.version = Version::parse(version);
  }
  row.state = dirty ? Row::State::failed : Row::State::applied;
  row.token = "mark";
  row.reach = Row::Reach::up_to;
  return row;
}

std::int64_t lock_of(std::string_view name) {
  constexpr std::uint32_t salt = 1486364155;
  return std::int64_t{crc32_of(name) * salt};
}

class GolangMigrate : public Tool {
 public:
  std::string_view name() const override { return "golang-migrate"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view) const override {
    return entries_by_name(path);
  }

  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    const auto file = named(path);
    if (!file) {
      return {};
    }
    const auto version = without_leading_zeros(file->version);
    return {{file->role,
             {version},
             {std::string(file->id)},
             Version::parse(version),
             version,
             with_blanks(file->name),
             TheirChecksums{{}, false}}};
  }

  Result<Catalog> arrange(std::span<const ScannedFile> files,
                          const ReadScanned& read) const override {
    const auto flat = without_nested(files);
    return with_problems(Tool::arrange(flat.files, read), flat.problems);
  }

  // It goes from its mark upwards and never looks back.
  LayoutRules rules() const override {
    return {.ordered = true, .late = LayoutRules::Late::skipped};
  }

  // Others have such pairs too: what the database's ledger is decides.
  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    auto evidence = evidence_by_name(directory, is_up);
    const auto marked = [](std::string_view head) { return is_marked_sql(head); };
    if (evidence.files == 0 || begins_so(directory, is_up, marked)) {
      return {};
    }
    evidence.strength = LayoutEvidence::Strength::possible;
    return evidence;
  }
  std::string_view layout_example() const override { return "000001_name.up.sql"; }
  Result<ScriptText> script(std::string_view bytes, Attempt::Action) const override {
    return plain_script(bytes);
  }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  // Hasura has the same two columns, and a row for each migration.
  Recognition recognise(const Relation& relation, std::span<const Relation>) const override {
    if (relation.name.schema == "hdb_catalog") {
      return {};
    }
    return recognise_shape(
        relation,
        {.name = "a golang-migrate ledger", .columns = ledger_columns, .names = default_names});
  }

  ReadQuery select_rows(const Relation& relation) const override {
    return {select_mark, relation.name, {}};
  }

  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, 2, "golang-migrate"); !checked) {
      return std::unexpected(checked.error());
    }
    if (answer.rows.size() > 1) {
      return fail(Errc::invalid,
                  "it has the columns of a golang-migrate ledger, which never has more than one "
                  "row, and has several: say whose it is with their_ledger");
    }
    std::vector<Row> rows;
    for (const auto& row : answer.rows) {
      const auto version = row[0].value_or("");
      const bool dirty = row[1] == "t";
      if (dirty || !version.starts_with('-')) {  // -1 and clean: nothing is applied
        rows.push_back(mark_of(version, dirty));
      }
    }
    return rows;
  }

  std::optional<ReadQuery> select_tail(const Relation&) const override { return std::nullopt; }

  // Of today's versions, of those before the table could be named, and of the first.
  std::vector<std::int64_t> advisory_locks(const Relation& relation,
                                           std::string_view database) const override {
    const std::string separator(1, '\0');
    const auto& [schema, table] = relation.name;
    const std::string end = separator + std::string(database);
    return {lock_of(schema + separator + table + end), lock_of(schema + end), lock_of(database)};
  }
};

}  // namespace

const Tool& golang_migrate() {
  static const GolangMigrate tool;
  return tool;
}

}  // namespace tidemark
