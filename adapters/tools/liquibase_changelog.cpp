#include "adapters/tools/liquibase_changelog.h"

#include "adapters/tools/file_name.h"

namespace tidemark {

namespace {

// Comments may stand before it, licences for example.
constexpr std::size_t root_within = 64U << 10U;

bool names_the_root(std::string_view bytes) {
  return bytes.substr(0, root_within).find("databaseChangeLog") != std::string_view::npos;
}

}  // namespace

LiquibaseChangeSet::RunOrder liquibase_run_order(std::string_view text) {
  using RunOrder = LiquibaseChangeSet::RunOrder;
  const auto word = lower_case(text);
  return word == "first" ? RunOrder::first : word == "last" ? RunOrder::last : RunOrder::usual;
}

LiquibaseFormat liquibase_format_by_name(std::string_view path) {
  const auto name = base_name(path);
  if (without_suffix(name, ".xml")) {
    return LiquibaseFormat::xml;
  }
  if (without_suffix(name, ".yaml") || without_suffix(name, ".yml")) {
    return LiquibaseFormat::yaml;
  }
  if (without_suffix(name, ".json")) {
    return LiquibaseFormat::json;
  }
  return without_suffix(name, ".sql") ? LiquibaseFormat::formatted_sql : LiquibaseFormat::none;
}

LiquibaseFormat liquibase_format(std::string_view path, std::string_view bytes) {
  const auto format = liquibase_format_by_name(path);
  if (format == LiquibaseFormat::none) {
    return format;
  }
  if (format == LiquibaseFormat::formatted_sql) {
    return is_formatted_liquibase_sql(bytes) ? format : LiquibaseFormat::plain_sql;
  }
  return names_the_root(bytes) ? format : LiquibaseFormat::none;
}

Result<LiquibaseChangelog> parse_liquibase_changelog(LiquibaseFormat format,
                                                     std::string_view bytes) {
  // What a parser makes of a file is several times as large; people's changelogs are a thousandth
  // of this.
  constexpr std::size_t parsed_max = 16U << 20U;
  const bool by_lines =
      format == LiquibaseFormat::formatted_sql || format == LiquibaseFormat::plain_sql;
  if (!by_lines && bytes.size() > parsed_max) {
    return fail(Errc::invalid, "is too large for a changelog");
  }
  switch (format) {
    case LiquibaseFormat::none:
      break;
    case LiquibaseFormat::xml:
      return parse_liquibase_xml(bytes);
    case LiquibaseFormat::yaml:
      return parse_liquibase_yaml(bytes);
    case LiquibaseFormat::json:
      return parse_liquibase_json(bytes);
    case LiquibaseFormat::formatted_sql:
      return parse_liquibase_sql(bytes);
    case LiquibaseFormat::plain_sql:
      return plain_sql_as_changelog(bytes);
  }
  return fail(Errc::not_found, "is no changelog");
}

}  // namespace tidemark
