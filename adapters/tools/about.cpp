#include "adapters/tools/about.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "adapters/tools/custom.h"
#include "adapters/tools/tool.h"

namespace tidemark {

namespace {

struct About {
  std::string_view tool;
  std::string_view verify;  // what content is compared with, besides our own record of it
  bool plain_sql = false;   // what can be applied and exported as it stands
  std::string_view tested;  // beside its files, rows and vectors in the unit tests
};

constexpr std::string_view newest_rows = "newest rows";
constexpr std::string_view who_wrote_all = "count and hash";
constexpr std::string_view all_rows = "all rows";
constexpr std::string_view no_checksum = "it keeps no checksum";

// In the order of all_tools().
constexpr std::array abouts{
    About{"flyway", "CRC-32 of each version since 2", true, "its tables on PostgreSQL 13 to 18"},
    About{"liquibase",
          "MD5 v7 to v9 of SQL changes; of other changes unverifiable",
          false,
          "Liquibase 4.28"},
    About{"rails", no_checksum, false, "Active Record 6.1"},
    About{"django", no_checksum, false, "Django 3.2"},
    About{"ecto", no_checksum, false, "its tables on PostgreSQL 13 to 18"},
    About{"alembic", no_checksum, false, "Alembic 1.8"},
    About{"golang-migrate", no_checksum, true, "its table on PostgreSQL 13 to 18"},
    About{"prisma", "SHA-256, with either line ending", true, "Prisma 6.19"},
    About{"atlas", "the chained SHA-256 of atlas.sum", true, "its table on PostgreSQL 13 to 18"},
    About{"dbmate", no_checksum, true, "dbmate 2.36"},
    About{"goose", no_checksum, true, "its tables on PostgreSQL 13 to 18"},
    About{"sqlx", "SHA-384, with either line ending", true, "its table on PostgreSQL 13 to 18"},
    About{"diesel", no_checksum, true, "its table on PostgreSQL 13 to 18"},
    About{"sqitch", "SHA-1 of the deploy script", false, "Sqitch 1.3"},
    About{"drizzle", "SHA-256, which Drizzle itself never looks at", false, "Drizzle ORM 0.45"},
    About{"knex", no_checksum, false, "Knex 3.3"},
    About{"sequelize", no_checksum, false, "Sequelize CLI 6.6"},
    About{"typeorm", no_checksum, false, "TypeORM 1.1"},
    About{"supabase", "the statements that it keeps", true, "the Supabase CLI 3.1"},
    About{"own",
          "SHA-256, in the table that a bundle keeps",
          true,
          "its table on PostgreSQL 13 to 18"},
};

std::string code(std::string_view text) {
  return text.empty() ? "" : "`" + std::string(text) + "`";
}

std::string ledger_of(const Tool& tool) {
  return tool.default_tables().empty() ? "none" : code(tool.default_tables().front());
}

// What a poll asks of a large ledger as its tool makes it, whatever its key is called there.
std::string_view question_to_large(const Tool& tool) {
  Relation relation;
  relation.can_select_all = true;
  for (const auto* key : {"id", "seq", "version"}) {
    relation.primary_key = {key};
    if (const auto tail = tool.select_tail(relation)) {
      return tail->statement.text().find("LIMIT") == std::string_view::npos ? who_wrote_all
                                                                            : newest_rows;
    }
  }
  return all_rows;
}

}  // namespace

std::string tools_table() {
  std::string table =
      "| tool | layout | ledger | large ledger | verify | apply | export | tested with |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- |\n";
  for (const auto* tool : all_tools()) {
    const auto about = std::ranges::find(abouts, tool->name(), &About::tool);
    if (about == abouts.end()) {
      continue;
    }
    const std::string asked(question_to_large(*tool));
    const std::string apply = about->plain_sql ? "yes" : "no";
    const std::string exported = about->plain_sql ? "not yet" : "no";
    table += "| " + code(tool->name()) + " | " + code(tool->layout_example()) + " | " +
             ledger_of(*tool) + " | " + asked + " | " + std::string(about->verify) + " | " + apply +
             " | " + exported + " | " + std::string(about->tested) + " |\n";
  }
  table += "| `custom` | any | any table: `their_ledger:` says what its columns mean | " +
           std::string(question_to_large(*custom_ledger({}))) +
           " | SHA-1, SHA-2, MD5 or CRC-32 | no | no | its tables on PostgreSQL 13 to 18 |\n";
  return table;
}

}  // namespace tidemark
