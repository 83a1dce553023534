#include <algorithm>
#include <array>
#include <unordered_map>

#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/flyway_ledger.h"
#include "adapters/tools/flyway_name.h"

namespace tidemark {

namespace {

using Role = FileEntry::Role;

// A row of their table as it stands there.
struct Entry {
  std::string rank;
  std::optional<std::string> version;
  std::string description;
  std::string type;
  std::string script;
  std::optional<std::string> checksum;
  std::string by;
  std::optional<std::string> on_ms;
  bool success = false;
};

constexpr std::size_t entry_columns = 9;

Entry entry_of(const std::vector<std::optional<std::string>>& values) {
  Entry entry{values[0].value_or(""),
              values[1],
              values[2].value_or(""),
              values[3].value_or(""),
              values[4].value_or(""),
              values[5],
              values[6].value_or(""),
              values[7],
              values[8] == "t"};
  if (entry.version && entry.version->empty()) {
    entry.version.reset();
  }
  return entry;
}

bool is_marker(const Entry& entry) {
  return entry.type == "BASELINE" || entry.type == "INIT";
}

// SQL_BASELINE, JDBC_BASELINE, SCRIPT_BASELINE, and as versions 7 called them.
bool is_baseline_script(const Entry& entry) {
  return std::ranges::any_of(
      std::array<std::string_view, 3>{"_BASELINE", "_STATE_SCRIPT", "_IBASE"},
      [&](std::string_view end) { return entry.type.ends_with(end); });
}

bool is_class(const Entry& entry) {
  return entry.type.starts_with("JDBC") || entry.type == "SPRING_JDBC" || entry.type == "CUSTOM";
}

bool is_other_script(const Entry& entry) {
  return entry.type.starts_with("SCRIPT");
}

// Only these were hashed as the file that we hash.
bool has_checksum_of_a_file(const Entry& entry) {
  return entry.type.starts_with("SQL");
}

// What ran was a class, or a program, and the layout has files of SQL only. That one failed
// concerns everybody.
bool is_elsewhere(const Entry& entry) {
  return entry.success && (is_class(entry) || is_other_script(entry));
}

Role role_of(const Entry& entry) {
  if (!entry.version) {
    return Role::repeatable;
  }
  return is_baseline_script(entry) ? Role::baseline : Role::versioned;
}

MigrationKind kind_of(const Entry& entry) {
  if (is_marker(entry) || is_baseline_script(entry)) {
    return MigrationKind::baseline;
  }
  return entry.version ? MigrationKind::versioned : MigrationKind::repeatable;
}

Key key_of(const Entry& entry) {
  const auto version = entry.version.value_or("");
  if (is_marker(entry)) {
    return {"baseline:" + flyway_version_key(version)};
  }
  return flyway_key(role_of(entry), version, entry.description);
}

// What the file or class was called: "V2__orders" of db/V2__orders.sql, db.migration.V2__orders,
// V2__orders.sh.
std::string_view stem_of_script(const Entry& entry) {
  std::string_view name = entry.script;
  if (const auto folder = name.find_last_of("/\\"); folder != std::string_view::npos) {
    name.remove_prefix(folder + 1);
  }
  if (const auto stem = without_suffix(name, ".sql")) {
    return *stem;
  }
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) {
    return name;
  }
  return is_class(entry) ? name.substr(dot + 1) : name.substr(0, dot);
}

std::string made_up_id(const Entry& entry) {
  std::string id = role_of(entry) == Role::repeatable ? "R__"
                   : role_of(entry) == Role::baseline ? "B"
                                                      : "V";
  id += entry.version.value_or("");
  if (entry.version && !entry.description.empty()) {
    id += "__";
  }
  auto words = entry.description;
  std::ranges::replace(words, ' ', '_');
  return id + words;
}

MigrationId id_of(const Entry& entry) {
  if (is_marker(entry)) {
    return {"baseline " + entry.version.value_or("")};
  }
  const auto stem = stem_of_script(entry);
  const auto name = parse_flyway_name(stem);
  // `repair` takes over the description of a file that was renamed, and leaves the script's name.
  const bool same = name && name->role == role_of(entry) &&
                    name->description == entry.description &&
                    flyway_key(name->role, name->version_text, name->description) == key_of(entry);
  return {same ? std::string(stem) : made_up_id(entry)};
}

Row::State state_of(const Entry& entry) {
  if (!entry.success) {
    return Row::State::failed;
  }
  return is_marker(entry) ? Row::State::baseline : Row::State::applied;
}

Row row_of(const Entry& entry) {
  const auto version = entry.version.value_or("");
  Row row{key_of(entry),
          id_of(entry),
          kind_of(entry),
          Version::parse(version),
          version,
          entry.description,
          state_of(entry),
          time_of(entry.on_ms),
          entry.by,
          has_checksum_of_a_file(entry) ? entry.checksum : std::nullopt,
          entry.rank};
  row.group = is_elsewhere(entry) ? "no SQL" : "";
  return row;
}

// Takes their entries one after the other, as Flyway itself would read them back. Their table is a
// log: an undo or a repair adds an entry that speaks of an earlier one.
class History {
 public:
  void add(const Entry& entry) {
    if (entry.type == "SCHEMA") {
      return;  // that Flyway made the schemas: no migration
    }
    if (entry.type == "DELETE") {
      remove(entry);
    } else if (entry.type.starts_with("UNDO")) {
      undo(entry);
    } else {
      append(row_of(entry));
    }
  }

  std::vector<Row> take() {
    rows_.shrink_to_fit();  // they are kept for as long as nothing changes
    return std::move(rows_);
  }

 private:
  // The newest run of a key counts: a repeatable that ran again, a version that was applied again.
  void append(Row row) {
    if (auto* before = live(row.key)) {
      before->state = Row::State::undone;
    }
    live_[row.key.value] = rows_.size();
    rows_.push_back(std::move(row));
  }

  // `repair` found no file for it. Like Flyway, the entry that it means is the last one of that
  // version, be it a versioned or a baseline script.
  void remove(const Entry& entry) {
    if (!entry.success) {
      return;
    }
    Row* row = nullptr;
    const auto version = entry.version.value_or("");
    if (!entry.version) {
      row = live(flyway_key(Role::repeatable, version, entry.description));
    } else {
      row = later(live(flyway_key(Role::versioned, version, "")),
                  live(flyway_key(Role::baseline, version, "")));
    }
    end(row);
  }

  void undo(const Entry& entry) {
    auto* row = live(flyway_key(Role::versioned, entry.version.value_or(""), ""));
    if (entry.success) {
      end(row);
    } else if (row != nullptr && row->state == Row::State::applied) {
      // Half undone is as broken as half applied. Flyway says nothing but that it failed, so we say
      // where.
      row->state = Row::State::failed;
      row->description += " (its undo failed: " + entry.script + ")";
    }
  }

  Row* live(const Key& key) {
    const auto found = live_.find(key.value);
    return found == live_.end() ? nullptr : &rows_[found->second];
  }

  static Row* later(Row* a, Row* b) {
    if (a == nullptr || b == nullptr) {
      return a == nullptr ? b : a;
    }
    return std::max(a, b);  // both are in rows_
  }

  void end(Row* row) {
    if (row != nullptr) {
      row->state = Row::State::undone;
      live_.erase(row->key.value);
    }
  }

  std::vector<Row> rows_;
  std::unordered_map<std::string, std::size_t> live_;  // the row of each key that is not undone
};

}  // namespace

Result<std::vector<Row>> flyway_rows(const ResultSet& answer) {
  if (const auto checked = check_width(answer, entry_columns, "Flyway"); !checked) {
    return std::unexpected(checked.error());
  }
  History history;
  for (const auto& values : answer.rows) {
    history.add(entry_of(values));
  }
  return history.take();
}

}  // namespace tidemark
