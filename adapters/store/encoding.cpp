#include "adapters/store/encoding.h"

#include <array>
#include <utility>

#include <boost/json.hpp>

#include "adapters/store/database.h"

namespace tidemark {

namespace json = boost::json;

namespace {

using LedgerState = Observation::Ledger;

constexpr std::array ledger_states{
    std::pair{LedgerState::none, std::string_view("none")},
    std::pair{LedgerState::read, std::string_view("read")},
    std::pair{LedgerState::unreadable, std::string_view("unreadable")}};

constexpr std::array kinds{std::pair{MigrationKind::versioned, std::string_view("versioned")},
                           std::pair{MigrationKind::repeatable, std::string_view("repeatable")},
                           std::pair{MigrationKind::baseline, std::string_view("baseline")}};

constexpr std::array reaches{std::pair{Row::Reach::itself, std::string_view("")},
                             std::pair{Row::Reach::up_to, std::string_view("up_to")},
                             std::pair{Row::Reach::ancestors, std::string_view("ancestors")}};

constexpr std::array row_states{
    Row::State::applied, Row::State::failed, Row::State::baseline, Row::State::undone};

template <class Table, class T>
std::string_view word(const Table& table, T value) {
  for (const auto& [known_value, text] : table) {
    if (known_value == value) {
      return text;
    }
  }
  return "";
}

template <class Table>
auto value_of(const Table& table, const std::string& text) {
  for (const auto& [value, known_text] : table) {
    if (known_text == text) {
      return value;
    }
  }
  throw DamagedLedger("unknown word '" + text + "'");
}

Row::State row_state(const std::string& text) {
  for (const auto state : row_states) {
    if (to_string(state) == text) {
      return state;
    }
  }
  throw DamagedLedger("unknown word '" + text + "'");
}

json::object parsed(std::string_view text) {
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  json::error_code error;
  auto value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error || !value.is_object()) {
    throw DamagedLedger("not a JSON object");
  }
  return std::move(value.get_object());
}

const json::value& member(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr) {
    throw DamagedLedger("no '" + std::string(name) + "'");
  }
  return *value;
}

std::string text_of(const json::value& value) {
  const auto* text = value.if_string();
  if (text == nullptr) {
    throw DamagedLedger("not a JSON string");
  }
  return {text->data(), text->size()};
}

std::int64_t number_of(const json::value& value) {
  const auto* number = value.if_int64();
  if (number == nullptr) {
    throw DamagedLedger("not a JSON number");
  }
  return *number;
}

std::string text(const json::object& object, std::string_view name) {
  return text_of(member(object, name));
}

// What is left out where it says nothing.
std::string text_or_empty(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(json::string_view(name.data(), name.size()));
  return value == nullptr ? "" : text_of(*value);
}

json::string string(std::string_view bytes) {
  return json::string(bytes.data(), bytes.size());
}

json::object encode_row(const Row& row) {
  json::object object;
  object["key"] = string(row.key.value);
  object["id"] = string(row.id.value);
  object["kind"] = string(word(kinds, row.kind));
  object["version"] = string(row.version.canonical());
  object["version_text"] = string(row.version_text);
  object["description"] = string(row.description);
  object["state"] = string(to_string(row.state));
  object["at"] = row.at ? json::value(row.at->time_since_epoch().count()) : json::value(nullptr);
  object["by"] = string(row.by);
  object["checksum"] = row.checksum ? json::value(string(*row.checksum)) : json::value(nullptr);
  object["token"] = string(row.token);
  if (!row.rests_on.empty()) {
    object["rests_on"] = string(row.rests_on);
  }
  if (row.checksum_of_bytes) {
    object["checksum_of_bytes"] = true;
  }
  if (!row.group.empty()) {
    object["group"] = string(row.group);
  }
  if (row.reach != Row::Reach::itself) {
    object["reach"] = string(word(reaches, row.reach));
  }
  if (row.any_name) {
    object["any_name"] = true;
  }
  if (row.path_in_key > 0) {
    object["path_in_key"] = row.path_in_key;
  }
  return object;
}

Row decode_row(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) {
    throw DamagedLedger("not a JSON object");
  }
  Row row;
  row.key.value = text(*object, "key");
  row.id.value = text(*object, "id");
  row.kind = value_of(kinds, text(*object, "kind"));
  row.version = Version::parse(text(*object, "version"));
  row.version_text = text(*object, "version_text");
  row.description = text(*object, "description");
  row.state = row_state(text(*object, "state"));
  if (const auto& at = member(*object, "at"); !at.is_null()) {
    row.at = TimePoint{std::chrono::milliseconds{number_of(at)}};
  }
  row.by = text(*object, "by");
  if (const auto& checksum = member(*object, "checksum"); !checksum.is_null()) {
    row.checksum = text_of(checksum);
  }
  row.token = text(*object, "token");
  row.rests_on = text_or_empty(*object, "rests_on");
  row.checksum_of_bytes = object->contains("checksum_of_bytes");
  row.group = text_or_empty(*object, "group");
  row.reach = value_of(reaches, text_or_empty(*object, "reach"));
  row.any_name = object->contains("any_name");
  if (const auto* size = object->if_contains("path_in_key")) {
    row.path_in_key = static_cast<std::size_t>(number_of(*size));
  }
  return row;
}

json::object encode_identity(const Identity& identity) {
  json::object object;
  object["system_identifier"] = string(identity.system_identifier);
  object["timeline"] = std::int64_t{identity.timeline};
  object["database_oid"] = std::int64_t{identity.database_oid};
  object["schema_oid"] = std::int64_t{identity.schema_oid};
  return object;
}

Identity decode_identity(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) {
    throw DamagedLedger("not a JSON object");
  }
  const auto number = [&](std::string_view name) {
    return static_cast<std::uint32_t>(number_of(member(*object, name)));
  };
  return {.system_identifier = text(*object, "system_identifier"),
          .timeline = number("timeline"),
          .database_oid = number("database_oid"),
          .schema_oid = number("schema_oid")};
}

// Four values each.
json::array encode_indexes(const std::vector<InvalidIndex>& indexes) {
  json::array array;
  for (const auto& index : indexes) {
    array.push_back(json::array{
        string(index.schema), string(index.name), string(index.table), std::int64_t{index.oid}});
  }
  return array;
}

std::vector<InvalidIndex> decode_indexes(const json::value& value) {
  const auto* array = value.if_array();
  if (array == nullptr) {
    throw DamagedLedger("invalid_indexes are not a list");
  }
  std::vector<InvalidIndex> indexes;
  for (const auto& one : *array) {
    const auto* parts = one.if_array();
    if (parts == nullptr || parts->size() != 4) {
      throw DamagedLedger("an invalid index is not what it should be");
    }
    indexes.push_back({text_of((*parts)[0]),
                       text_of((*parts)[1]),
                       text_of((*parts)[2]),
                       static_cast<std::uint32_t>(number_of((*parts)[3]))});
  }
  return indexes;
}

}  // namespace

std::string encode_details(const std::map<std::string, std::string>& details) {
  json::object object;
  for (const auto& [name, value] : details) {
    object[json::string_view(name.data(), name.size())] = string(value);
  }
  return json::serialize(object);
}

std::map<std::string, std::string> decode_details(std::string_view encoded) {
  std::map<std::string, std::string> details;
  for (const auto& member_of_it : parsed(encoded)) {
    const auto name = member_of_it.key();
    details.emplace(std::string(name.data(), name.size()), text_of(member_of_it.value()));
  }
  return details;
}

std::string encode_sight(const Observation& observation) {
  json::object object;
  object["ledger"] = string(word(ledger_states, observation.ledger));
  object["tool"] = string(observation.tool);
  object["table"] = string(observation.table);
  object["trouble"] = string(observation.trouble);
  object["standby"] = observation.standby;
  if (!observation.at_work.empty()) {
    object["at_work"] = string(observation.at_work);
  }
  if (!observation.invalid_indexes.empty()) {
    object["invalid_indexes"] = encode_indexes(observation.invalid_indexes);
  }
  object["identity"] = encode_identity(observation.identity);
  json::array rows;
  rows.reserve(observation.rows.size());
  for (const auto& row : observation.rows) {
    rows.push_back(encode_row(row));
  }
  object["rows"] = std::move(rows);
  return json::serialize(object);
}

Observation decode_sight(std::string_view encoded) {
  const auto object = parsed(encoded);
  const auto* rows = member(object, "rows").if_array();
  const auto* standby = member(object, "standby").if_bool();
  if (rows == nullptr || standby == nullptr) {
    throw DamagedLedger("rows or standby are not what they should be");
  }
  Observation observation;
  observation.ledger = value_of(ledger_states, text(object, "ledger"));
  observation.tool = text(object, "tool");
  observation.table = text(object, "table");
  observation.trouble = text(object, "trouble");
  observation.standby = *standby;
  observation.at_work = text_or_empty(object, "at_work");
  if (const auto* indexes = object.if_contains("invalid_indexes")) {
    observation.invalid_indexes = decode_indexes(*indexes);
  }
  observation.identity = decode_identity(member(object, "identity"));
  observation.rows.reserve(rows->size());
  for (const auto& row : *rows) {
    observation.rows.push_back(decode_row(row));
  }
  return observation;
}

std::string encode_journal(const Journal& journal) {
  json::object object;
  object["done"] = journal.done;
  object["under_way"] = journal.under_way;
  object["kind"] = string(journal.kind);
  if (const auto& index = journal.index) {
    object["index"] = json::array{
        string(index->kind), string(index->schema), string(index->name), string(index->table)};
  }
  if (journal.text) {
    object["text"] = string(journal.text->hex());
  }
  if (journal.text_with_next) {
    object["text_with_next"] = string(journal.text_with_next->hex());
  }
  return json::serialize(object);
}

Journal decode_journal(std::string_view encoded) {
  const auto object = parsed(encoded);
  const auto* under_way = member(object, "under_way").if_bool();
  if (under_way == nullptr) {
    throw DamagedLedger("under_way is not true or false");
  }
  Journal journal;
  journal.done = static_cast<std::size_t>(number_of(member(object, "done")));
  journal.under_way = *under_way;
  journal.kind = text(object, "kind");
  if (const auto* index = object.if_contains("index")) {
    const auto* parts = index->if_array();
    if (parts == nullptr || parts->size() != 4) {
      throw DamagedLedger("index is not what it should be");
    }
    journal.index = SqlObject{
        text_of((*parts)[0]), text_of((*parts)[1]), text_of((*parts)[2]), text_of((*parts)[3])};
  }
  const auto digest = [&](const char* name) {
    std::optional<Digest> found;
    if (object.contains(name)) {
      found = parse_digest(text(object, name));
      if (!found) {
        throw DamagedLedger(std::string(name) + " is not a digest");
      }
    }
    return found;
  };
  journal.text = digest("text");
  journal.text_with_next = digest("text_with_next");
  return journal;
}

std::string encode_names(const std::vector<std::string>& names) {
  json::array array;
  for (const auto& name : names) {
    array.push_back(string(name));
  }
  json::object object;
  object["names"] = std::move(array);
  return json::serialize(object);
}

std::vector<std::string> decode_names(std::string_view encoded) {
  const auto object = parsed(encoded);
  const auto* array = member(object, "names").if_array();
  if (array == nullptr) {
    throw DamagedLedger("names are not a list");
  }
  std::vector<std::string> names;
  for (const auto& name : *array) {
    names.push_back(text_of(name));
  }
  return names;
}

}  // namespace tidemark
