#include "adapters/tools/liquibase_tree.h"

#include <algorithm>
#include <string>

#include <boost/json/serialize.hpp>

#include "adapters/tools/file_name.h"

namespace tidemark {

namespace json = boost::json;

namespace {

std::string text_of(const json::value* value) {
  if (value == nullptr || value->is_null() || value->is_structured()) {
    return "";
  }
  if (const auto* text = value->if_string()) {
    return {text->data(), text->size()};
  }
  const auto text = json::serialize(*value);
  return {text.data(), text.size()};
}

std::string of(const json::object& object, std::string_view name) {
  return text_of(object.if_contains(json::string_view(name.data(), name.size())));
}

bool is_true(const json::object& object, std::string_view name, bool otherwise = false) {
  const auto text = lower_case(of(object, name));
  return text.empty() ? otherwise : text == "true";
}

bool is_conditional(const json::object& object) {
  return !of(object, "context").empty() || !of(object, "contextFilter").empty() ||
         !of(object, "labels").empty();
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= 0x20) {
    text.remove_prefix(1);
  }
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= 0x20) {
    text.remove_suffix(1);
  }
  return std::string(text);
}

std::size_t number_of(const json::object& object, std::string_view name, std::size_t otherwise) {
  const auto text = of(object, name);
  return all_digits(text) && text.size() < 10 ? std::stoul(text) : otherwise;
}

LiquibaseInclude include_of(const json::object& object, bool all) {
  LiquibaseInclude include;
  include.path = of(object, all ? "path" : "file");
  include.all = all;
  include.relative = is_true(object, "relativeToChangelogFile");
  include.optional = !is_true(object, all ? "errorIfMissingOrEmpty" : "errorIfMissing", true);
  include.ignored = is_true(object, "ignore");
  include.conditional = is_conditional(object);
  include.logical_path = of(object, "logicalFilePath");
  include.suffix = of(object, "endsWithFilter");
  include.depth_min = number_of(object, "minDepth", 0);
  include.depth_max = number_of(object, "maxDepth", SIZE_MAX);
  return include;
}

// {"sql": {"sql": "…"}}, {"createTable": {…}}.
LiquibaseChange change_of(const json::object& wrapped) {
  LiquibaseChange change;
  const auto& [name, value] = *wrapped.begin();
  const auto* body = value.if_object();
  if ((name != "sql" && name != "sqlFile") || wrapped.size() != 1 ||
      (body == nullptr && name == "sqlFile")) {
    change.kind = LiquibaseChange::Kind::other;
    change.sql.text = json::serialize(wrapped);
    return change;
  }
  if (body == nullptr) {
    change.sql.text = trimmed(text_of(&value));
    return change;
  }
  change.sql.split = is_true(*body, "splitStatements", true);
  change.sql.strip = is_true(*body, "stripComments");
  if (body->contains("endDelimiter")) {
    change.sql.end_delimiter = of(*body, "endDelimiter");
  }
  change.sql.dbms = of(*body, "dbms");
  if (name == "sql") {
    change.sql.text = trimmed(of(*body, "sql"));
  } else {
    change.kind = LiquibaseChange::Kind::sql_file;
    change.file = of(*body, "path");
    change.relative = is_true(*body, "relativeToChangelogFile");
  }
  return change;
}

void add_checksums(const json::value* value, std::vector<std::string>& checksums) {
  if (value == nullptr) {
    return;
  }
  if (const auto* list = value->if_array()) {
    for (const auto& each : *list) {
      const auto* object = each.if_object();
      checksums.push_back(
          trimmed(object != nullptr ? of(*object, "validCheckSum") : text_of(&each)));
    }
  } else {
    checksums.push_back(trimmed(text_of(value)));
  }
}

LiquibaseChangeSet changeset_of(const json::object& object, Piece piece, bool certain) {
  LiquibaseChangeSet set;
  set.id = of(object, "id");
  set.author = of(object, "author");
  set.logical_path = of(object, "logicalFilePath");
  set.dbms = of(object, "dbms");
  set.comment = trimmed(of(object, "comment"));
  set.repeats = is_true(object, "runOnChange") || is_true(object, "runAlways");
  set.ignored = is_true(object, "ignore");
  set.conditional = is_conditional(object);
  set.run_order = liquibase_run_order(of(object, "runOrder"));
  set.certain = certain && !object.contains("modifySql");
  set.piece = piece;
  add_checksums(object.if_contains("validCheckSum"), set.valid_checksums);
  add_checksums(object.if_contains("validCheckSums"), set.valid_checksums);
  const auto* changes = object.if_contains("changes");
  if (changes != nullptr && changes->is_array()) {
    for (const auto& change : changes->get_array()) {
      if (const auto* wrapped = change.if_object(); wrapped != nullptr && !wrapped->empty()) {
        set.changes.push_back(change_of(*wrapped));
      }
    }
  }
  return set;
}

void add_step(const json::object& step, Piece piece, bool certain, LiquibaseChangelog& changelog) {
  for (const auto& [name, value] : step) {
    const auto* object = value.if_object();
    if (name == "logicalFilePath") {
      changelog.logical_path = text_of(&value);
    } else if (name == "context" || name == "contextFilter") {
      changelog.conditional = changelog.conditional || !text_of(&value).empty();
    } else if (object == nullptr) {
      continue;
    } else if (name == "changeSet") {
      changelog.steps.emplace_back(changeset_of(*object, piece, certain));
    } else if (name == "include" || name == "includeAll") {
      changelog.steps.emplace_back(include_of(*object, name == "includeAll"));
    } else if (name == "property" && object->contains("name") && object->contains("value") &&
               is_for_postgresql(of(*object, "dbms"))) {
      changelog.steps.emplace_back(LiquibaseProperty{
          of(*object, "name"), of(*object, "value"), is_true(*object, "global", true)});
    }
  }
}

}  // namespace

Result<LiquibaseChangelog> liquibase_changelog_of(const json::value& root,
                                                  const std::vector<Piece>& pieces,
                                                  bool certain) {
  const auto* object = root.if_object();
  const auto* list = object == nullptr ? nullptr : object->if_contains("databaseChangeLog");
  if (list == nullptr) {
    return fail(Errc::not_found, "is no changelog");
  }
  LiquibaseChangelog changelog;
  const auto* steps = list->if_array();
  for (std::size_t i = 0; steps != nullptr && i < steps->size(); ++i) {
    if (const auto* step = (*steps)[i].if_object()) {
      add_step(*step, i < pieces.size() ? pieces[i] : Piece{}, certain, changelog);
    }
  }
  return changelog;
}

std::size_t end_of_brackets(std::string_view bytes, std::size_t begin) {
  std::size_t depth = 0;
  if (begin >= bytes.size() || (bytes[begin] != '{' && bytes[begin] != '[')) {
    return std::min(begin, bytes.size());
  }
  for (auto at = begin; at < bytes.size(); ++at) {
    const char c = bytes[at];
    // Elsewhere an apostrophe is one.
    const bool opens =
        (c == '"' || c == '\'') &&
        std::string_view(" \t\r\n{[,:").find(bytes[at - 1]) != std::string_view::npos;
    if (opens) {
      // Two single quotes in a row are the end of a text and the begin of the next: as good.
      for (++at; at < bytes.size() && bytes[at] != c; ++at) {
        at += c == '"' && bytes[at] == '\\' ? 1 : 0;
      }
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return at + 1;
    }
  }
  return bytes.size();
}

}  // namespace tidemark
