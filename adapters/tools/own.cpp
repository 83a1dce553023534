#include "adapters/tools/own.h"

#include <algorithm>
#include <array>

#include "adapters/tools/file_name.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/own_ledger.h"
#include "adapters/tools/sections.h"

namespace tidemark {

namespace {

using Role = FileEntry::Role;

constexpr std::array telltale_columns{Telltale{"sha256", "attempt_id", 0}};
constexpr std::array<std::string_view, 1> default_names{"_migrations"};

struct NamedFile {
  Role role = Role::versioned;
  std::string_view id;
  std::string_view version;
  std::string_view name;
};

struct Split {
  std::string_view version;
  std::string_view name;
};

int number(std::string_view digits) {
  int value = 0;
  for (const char digit : digits) {
    value = value * 10 + (digit - '0');
  }
  return value;
}

bool is_date(std::string_view text) {
  if (text.size() != 8 || !all_digits(text)) {
    return false;
  }
  const int month = number(text.substr(4, 2));
  const int day = number(text.substr(6, 2));
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

// "144" and "add_tax" of "144_add_tax"; "20260418_001" and "users" of "20260418_001_users": a
// number after a date belongs to the version.
std::optional<Split> split_version(std::string_view stem) {
  const auto end = std::min(stem.find('_'), stem.size());
  if (!all_digits(stem.substr(0, end))) {
    return std::nullopt;
  }
  auto version_end = end;
  if (is_date(stem.substr(0, end)) && end < stem.size()) {
    const auto second = std::min(stem.find('_', end + 1), stem.size());
    if (all_digits(stem.substr(end + 1, second - end - 1))) {
      version_end = second;
    }
  }
  return Split{stem.substr(0, version_end), stem.substr(std::min(version_end + 1, stem.size()))};
}

bool in_folder_of_seeds(std::string_view path) {
  const auto lower = "/" + lower_case(path);
  return lower.find("/seeds/") != std::string::npos || lower.find("/seed/") != std::string::npos;
}

std::optional<NamedFile> named(std::string_view path) {
  const auto id = without_suffix(base_name(path), ".sql");
  if (!id || never_a_migration(path) || in_folder_of_seeds(path)) {
    return std::nullopt;
  }
  NamedFile file{Role::versioned, *id, {}, {}};
  auto stem = *id;
  for (const std::string_view suffix : {".rollback", "__down", ".down"}) {
    if (const auto rest = without_suffix(stem, suffix)) {
      file.role = Role::rollback;
      stem = *rest;
      break;
    }
  }
  if (file.role == Role::versioned && without_suffix(stem, ".up")) {
    return std::nullopt;  // one half of a pair of golang-migrate's
  }
  const auto split = split_version(stem);
  if (!split) {
    return std::nullopt;
  }
  file.version = split->version;
  file.name = split->name;
  return file;
}

class Own : public Tool {
 public:
  std::string_view name() const override { return "own"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    auto entries = entries_by_name(path);
    for (auto& entry : entries) {
      entry.checksums.accepted = own_checksums(bytes);
    }
    return entries;
  }

  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    const auto file = named(path);
    if (!file) {
      return {};
    }
    const std::string version(file->version);
    return {{file->role,
             {version},
             {std::string(file->id)},
             Version::parse(version),
             version,
             with_blanks(file->name),
             TheirChecksums{{}, false}}};
  }

  // Rollbacks alone say nothing: golang-migrate's end in .down.sql too.
  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    const auto like_it = [](std::string_view path) {
      const auto file = named(path);
      return file && file->role == Role::versioned;
    };
    auto evidence = evidence_by_name(directory, like_it);
    const auto marked_by_others = [](std::string_view head) { return is_marked_sql(head); };
    if (evidence.files > 0 && begins_so(directory, like_it, marked_by_others)) {
      return {};
    }
    return evidence;
  }
  std::string_view layout_example() const override { return "144_name.sql"; }
  Result<ScriptText> script(std::string_view bytes, Attempt::Action) const override {
    return plain_script(bytes);
  }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation>) const override {
    return recognise_own_ledger(relation);
  }
  bool reads_any_layout() const override { return true; }
  ReadQuery select_rows(const Relation& relation) const override {
    return select_own_rows(relation);
  }
  Result<std::vector<Row>> rows(const ResultSet& answer) const override { return own_rows(answer); }
  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    return select_own_tail(relation);
  }
};

}  // namespace

const Tool& own() {
  static const Own tool;
  return tool;
}

}  // namespace tidemark
