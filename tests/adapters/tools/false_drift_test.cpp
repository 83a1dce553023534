#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "adapters/tools/atlas_sum.h"
#include "adapters/tools/hash.h"
#include "tests/adapters/tools/polled.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

// What happens to people's directories and ledgers without anything being wrong, for every tool:
// told is what the tool's own users would want to be told, as a rule nothing.

using Ledger = std::vector<Values>;

// Three migrations of a tool, in `paths`, oldest first, and what else its directory has.
struct Project {
  std::string tool;
  Files files;
  Strings paths;
  // What it has in its ledger once it has applied the first `count` of these files.
  std::function<Ledger(const Files& files, std::size_t count)> ledger;
  std::function<Files(Files files)> rename;  // gives the newest another name
  std::function<Files(Files files)> prune;   // throws the oldest away
  std::string more = "SELECT 9;\n";          // what an edit adds
  bool verifies = false;                     // it keeps a checksum
  bool same_by_another_name = true;
  bool archives = false;  // its users throw old files away
  // Which of a row's values is made by the server and not kept by a restore.
  std::optional<std::size_t> of_the_server = std::nullopt;
};

std::string sql(int number) {
  return "-- step\nSELECT " + std::to_string(number) + ";\n";
}

std::string day(std::size_t number) {
  return "2026010" + std::to_string(number) + "000000";
}

std::string at_ms(std::size_t number) {
  return std::to_string(1776513600000 + 60000 * number);
}

// What the tool itself stores of the migration at this place.
std::string checksum(const std::string& tool, const Files& files, std::size_t at) {
  return catalog_of(*find_tool(tool), files).migrations.at(at).checksums.accepted.front();
}

Ledger rows(std::size_t count, const std::function<Values(std::size_t number)>& row) {
  Ledger all;
  for (std::size_t number = 1; number <= count; ++number) {
    all.push_back(row(number));
  }
  return all;
}

std::function<Files(Files)> move(const std::string& from, const std::string& to) {
  return [from, to](Files files) {
    auto file = files.extract(from);
    file.key() = to;
    files.insert(std::move(file));
    return files;
  };
}

std::function<Files(Files)> remove(const std::string& path) {
  return [path](Files files) {
    files.erase(path);
    return files;
  };
}

// A directory with a file for each migration and nothing else: "1_a.sql", "2_a.sql", "3_a.sql".
Project project(std::string tool,
                const Strings& paths,
                const std::function<std::string(int)>& text,
                const std::string& new_name,
                std::function<Ledger(const Files&, std::size_t)> ledger) {
  Project made{.tool = std::move(tool),
               .files = {},
               .paths = paths,
               .ledger = std::move(ledger),
               .rename = move(paths[2], new_name),
               .prune = remove(paths[0])};
  for (int number = 1; number <= 3; ++number) {
    made.files[paths[static_cast<std::size_t>(number) - 1]] = text(number);
  }
  return made;
}

// --- each of them ---

Project of_flyway() {
  auto made = project(
      "flyway",
      {"V1__a.sql", "V2__a.sql", "V3__a.sql"},
      sql,
      "V3__b.sql",
      [](const Files& files, std::size_t count) {
        return rows(count, [&](std::size_t n) -> Values {
          const auto number = std::to_string(n);
          const auto sum = checksum("flyway", files, n - 1);
          return {number, number, "a", "SQL", "V" + number + "__a.sql", sum, "ana", at_ms(n), "t"};
        });
      });
  made.verifies = true;
  return made;
}

// `checksum_of` gives what is stored of a changeset.
Ledger rows_of_liquibase(std::size_t count,
                         const std::function<std::optional<std::string>(std::size_t)>& stored) {
  return rows(count, [&](std::size_t n) -> Values {
    const auto number = std::to_string(n);
    return {number,
            "ana",
            "changes/" + number + "_a.sql",
            at_ms(n),
            "2026-04-18 12:00:00 #" + number,
            "EXECUTED",
            stored(n),
            "sql"};
  });
}

Project of_liquibase() {
  auto made = project(
      "liquibase",
      {"changes/1_a.sql", "changes/2_a.sql", "changes/3_a.sql"},
      [](int number) {
        return "--liquibase formatted sql\n\n--changeset ana:" + std::to_string(number) + "\n" +
               sql(number);
      },
      "changes/3_b.sql",
      [](const Files& files, std::size_t count) {
        return rows_of_liquibase(
            count, [&](std::size_t n) { return checksum("liquibase", files, n - 1); });
      });
  made.files["changelog.xml"] =
      "<databaseChangeLog>\n<includeAll path=\"changes\" relativeToChangelogFile=\"true\"/>\n"
      "</databaseChangeLog>\n";
  made.verifies = true;
  made.same_by_another_name = false;
  return made;
}

Project of_rails() {
  auto made = project(
      "rails",
      {"db/migrate/001_a.rb", "db/migrate/002_b.rb", "db/migrate/003_c.rb"},
      [](int) { return "class A < ActiveRecord::Migration[7.1]\n  def change\n  end\nend\n"; },
      "db/migrate/003_d.rb",
      [](const Files&, std::size_t count) {
        return rows(count, [](std::size_t n) -> Values {
          return {std::to_string(n), "70" + std::to_string(n)};
        });
      });
  made.more = "# more\n";
  made.archives = true;
  made.of_the_server = 1;
  return made;
}

Project of_django() {
  auto made = project(
      "django",
      {"shop/migrations/0001_a.py", "shop/migrations/0002_a.py", "shop/migrations/0003_a.py"},
      [](int number) {
        const auto before = "000" + std::to_string(number - 1) + "_a";
        return "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n"
               "    dependencies = [" +
               (number == 1 ? "" : "('shop', '" + before + "')") + "]\n";
      },
      "shop/migrations/0003_b.py",
      [](const Files&, std::size_t count) {
        return rows(count, [](std::size_t n) -> Values {
          const auto number = std::to_string(n);
          return {number, "shop", "000" + number + "_a", at_ms(n)};
        });
      });
  made.more = "    x = 1\n";
  made.same_by_another_name = false;
  made.archives = true;
  return made;
}

Project of_ecto() {
  auto made = project(
      "ecto",
      {"1_a.exs", "2_b.exs", "3_c.exs"},
      [](int) { return "defmodule A do\n  use Ecto.Migration\n\n  def change do\n  end\nend\n"; },
      "3_d.exs",
      [](const Files&, std::size_t count) {
        return rows(count, [](std::size_t n) -> Values { return {std::to_string(n), at_ms(n)}; });
      });
  made.more = "# more\n";
  made.archives = true;
  return made;
}

Project of_alembic() {
  auto made = project(
      "alembic",
      {"versions/a.py", "versions/b.py", "versions/c.py"},
      [](int number) {
        const auto before = std::to_string(number - 1);
        return "revision = 'rev" + std::to_string(number) +
               "'\ndown_revision = " + (number == 1 ? "None" : "'rev" + before + "'") + "\n";
      },
      "versions/d.py",
      [](const Files&, std::size_t count) {
        return count == 0 ? Ledger{} : Ledger{{"rev" + std::to_string(count)}};
      });
  made.more = "# more\n";
  made.archives = true;
  return made;
}

Project of_golang_migrate() {
  return project("golang-migrate",
                 {"1_a.up.sql", "2_a.up.sql", "3_a.up.sql"},
                 sql,
                 "0003_b.up.sql",
                 [](const Files&, std::size_t count) {
                   return count == 0 ? Ledger{} : Ledger{{std::to_string(count), "f"}};
                 });
}

Values row_of_prisma(std::size_t n, const std::string& name, const std::string& checksum) {
  return {"u" + std::to_string(n), name, checksum, "t", "f", "f", at_ms(n), at_ms(n)};
}

Project of_prisma() {
  auto made = project(
      "prisma",
      {day(1) + "_a/migration.sql", day(2) + "_a/migration.sql", day(3) + "_a/migration.sql"},
      sql,
      day(3) + "_b/migration.sql",
      [](const Files& files, std::size_t count) {
        return rows(count, [&](std::size_t n) {
          return row_of_prisma(n, day(n) + "_a", checksum("prisma", files, n - 1));
        });
      });
  made.files["migration_lock.toml"] = "provider = \"postgresql\"\n";
  made.verifies = true;
  made.same_by_another_name = false;
  made.archives = true;
  return made;
}

Project of_atlas() {
  auto made =
      project("atlas",
              {"1_a.sql", "2_a.sql", "3_a.sql"},
              sql,
              "3_b.sql",
              [](const Files& files, std::size_t count) {
                AtlasSum sum;
                Strings hashes;
                for (const auto& [path, bytes] : files) {
                  hashes.push_back(sum.add(path, bytes));
                }
                return rows(count, [&](std::size_t n) -> Values {
                  return {std::to_string(n), "a", "2", "1", "1", at_ms(n), "f", hashes.at(n - 1)};
                });
              });
  made.rename = {};  // its hash is of the name, too: see below
  made.verifies = true;
  return made;
}

Project of_dbmate() {
  auto made = project(
      "dbmate",
      {"1_a.sql", "2_a.sql", "3_a.sql"},
      [](int number) { return "-- migrate:up\n" + sql(number); },
      "3_b.sql",
      [](const Files&, std::size_t count) {
        return rows(count, [](std::size_t n) -> Values {
          return {std::to_string(n), "70" + std::to_string(n)};
        });
      });
  made.of_the_server = 1;
  return made;
}

Project of_goose() {
  return project(
      "goose",
      {"1_a.sql", "2_a.sql", "3_a.sql"},
      [](int number) { return "-- +goose Up\n" + sql(number); },
      "003_b.sql",
      [](const Files&, std::size_t count) {
        auto all = rows(count, [](std::size_t n) -> Values {
          return {std::to_string(n + 1), std::to_string(n), "t", at_ms(n)};
        });
        all.insert(all.begin(), {"1", "0", "t", at_ms(0)});
        return all;
      });
}

Project of_sqlx() {
  auto made =
      project("sqlx",
              {"0001_a.sql", "0002_a.sql", "0003_a.sql"},
              sql,
              "3_b.sql",
              [](const Files& files, std::size_t count) {
                return rows(count, [&](std::size_t n) -> Values {
                  return {std::to_string(n), "a", "t", checksum("sqlx", files, n - 1), at_ms(n)};
                });
              });
  made.verifies = true;
  return made;
}

Project of_diesel() {
  return project(
      "diesel",
      {"2026-01-01-000000_a/up.sql", "2026-01-02-000000_a/up.sql", "2026-01-03-000000_a/up.sql"},
      sql,
      "20260103000000_b/up.sql",
      [](const Files&, std::size_t count) {
        return rows(count, [](std::size_t n) -> Values { return {day(n), at_ms(n)}; });
      });
}

std::string sqitch_plan(const Strings& names) {
  std::string plan = "%syntax-version=1.0.0\n%project=shop\n\n";
  for (const auto& name : names) {
    plan += name + " 2026-01-01T00:00:00Z Ann <ann@example.com> # step\n";
  }
  return plan;
}

// `stored` gives the hash that is stored of a change with this id.
Ledger rows_of_sqitch(const Files& files,
                      std::size_t count,
                      const std::function<std::optional<std::string>(const Migration&)>& stored) {
  const auto catalog = catalog_of(*find_tool("sqitch"), files);
  return rows(count, [&](std::size_t n) -> Values {
    const auto& migration = catalog.migrations.at(n - 1);
    return {migration.key.value,
            migration.id.value,
            "shop",
            "step",
            at_ms(n),
            "2026-04-18 12:00:00+00 " + std::to_string(n),
            "Ann",
            "deploy",
            stored(migration)};
  });
}

std::optional<std::string> hash_of_script(const Migration& migration) {
  return migration.checksums.accepted.front();
}

Project of_sqitch() {
  auto made = project("sqitch",
                      {"deploy/a.sql", "deploy/b.sql", "deploy/c.sql"},
                      sql,
                      "deploy/d.sql",
                      [](const Files& files, std::size_t count) {
                        return rows_of_sqitch(files, count, hash_of_script);
                      });
  made.files["sqitch.plan"] = sqitch_plan({"a", "b", "c"});
  const auto move_script = made.rename;
  made.rename = [move_script](Files files) {
    files["sqitch.plan"] = sqitch_plan({"a", "b", "d"});
    return move_script(std::move(files));
  };
  made.prune = {};  // no change's id is the same without those before it
  made.verifies = true;
  made.same_by_another_name = false;
  return made;
}

std::string journal(const Strings& tags, std::size_t first = 1) {
  std::string text;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    text += (text.empty() ? "" : ",\n") + std::string(R"({"idx":)") + std::to_string(i) +
            R"(,"when":)" + at_ms(first + i) + R"(,"tag":")" + tags[i] + "\"}";
  }
  return "{\"entries\":[\n" + text + "\n]}\n";
}

Project of_drizzle() {
  auto made = project("drizzle",
                      {"0000_a.sql", "0001_b.sql", "0002_c.sql"},
                      sql,
                      "0002_d.sql",
                      [](const Files& files, std::size_t count) {
                        return rows(count, [&](std::size_t n) -> Values {
                          return {std::to_string(n),
                                  checksum("drizzle", files, n - 1),
                                  at_ms(n),
                                  std::nullopt,
                                  std::nullopt};
                        });
                      });
  made.files["meta/_journal.json"] = journal({"0000_a", "0001_b", "0002_c"});
  const auto move_file = made.rename;
  made.rename = [move_file](Files files) {
    files["meta/_journal.json"] = journal({"0000_a", "0001_b", "0002_d"});
    return move_file(std::move(files));
  };
  made.prune = [](Files files) {
    files["meta/_journal.json"] = journal({"0001_b", "0002_c"}, 2);
    files.erase("0000_a.sql");
    return files;
  };
  made.verifies = true;
  made.archives = true;
  return made;
}

Project of_knex() {
  auto made = project(
      "knex",
      {day(1) + "_a.js", day(2) + "_a.js", day(3) + "_a.js"},
      [](int) { return "exports.up = function(knex) {\n};\n"; },
      day(3) + "_b.js",
      [](const Files&, std::size_t count) {
        return rows(count, [](std::size_t n) -> Values {
          return {std::to_string(n), day(n) + "_a.js", "1", at_ms(n)};
        });
      });
  made.more = "// more\n";
  made.same_by_another_name = false;
  return made;
}

Project of_sequelize() {
  auto made = project(
      "sequelize",
      {day(1) + "-a.js", day(2) + "-a.js", day(3) + "-a.js"},
      [](int) { return "module.exports = { async up(queryInterface, Sequelize) {\n} };\n"; },
      day(3) + "-b.js",
      [](const Files&, std::size_t count) {
        return rows(count, [](std::size_t n) -> Values {
          return {day(n) + "-a.js", "70" + std::to_string(n), std::nullopt};
        });
      });
  made.more = "// more\n";
  made.same_by_another_name = false;
  made.of_the_server = 1;
  return made;
}

Project of_typeorm() {
  auto made = project(
      "typeorm",
      {"1528653893001-A.ts", "1528653893002-A.ts", "1528653893003-A.ts"},
      [](int number) {
        return "export class A152865389300" + std::to_string(number) +
               " implements MigrationInterface {\n  async up(queryRunner) {}\n}\n";
      },
      "1528653893003-B.ts",
      [](const Files&, std::size_t count) {
        return rows(count, [](std::size_t n) -> Values {
          const auto time = "152865389300" + std::to_string(n);
          return {std::to_string(n), time, "A" + time};
        });
      });
  made.more = "// more\n";
  made.archives = true;
  return made;
}

Project of_supabase() {
  auto made = project(
      "supabase",
      {day(1) + "_a.sql", day(2) + "_a.sql", day(3) + "_a.sql"},
      sql,
      day(3) + "_b.sql",
      [](const Files& files, std::size_t count) {
        return rows(count, [&](std::size_t n) -> Values {
          return {day(n), "a", checksum("supabase", files, n - 1), "70" + std::to_string(n)};
        });
      });
  made.verifies = true;
  made.of_the_server = 3;
  return made;
}

Project of_own() {
  auto made = project("own",
                      {"1_a.sql", "2_a.sql", "3_a.sql"},
                      sql,
                      "3_b.sql",
                      [](const Files& files, std::size_t count) {
                        return rows(count, [&](std::size_t n) -> Values {
                          const auto number = std::to_string(n);
                          return {number,
                                  number,
                                  number + "_a",
                                  sha256(files.at(number + "_a.sql")).hex(),
                                  "apply",
                                  at_ms(n),
                                  "ana"};
                        });
                      });
  made.verifies = true;
  return made;
}

std::vector<Project> all_projects() {
  return {of_flyway(),  of_liquibase(),      of_rails(),   of_django(),   of_ecto(),
          of_alembic(), of_golang_migrate(), of_prisma(),  of_atlas(),    of_dbmate(),
          of_goose(),   of_sqlx(),           of_diesel(),  of_sqitch(),   of_drizzle(),
          of_knex(),    of_sequelize(),      of_typeorm(), of_supabase(), of_own()};
}

// --- what is looked at ---

Polled look(const Project& project,
            const Files& files,
            const Ledger& ledger,
            const Polled& before = {}) {
  std::vector<StoredFinding> open;
  for (const auto& finding : before.standing.findings) {
    auto& stored = open.emplace_back();
    stored.finding = finding;
    stored.opened_at = *parse_time("2026-04-18T12:00:00Z");  // when all polls are
  }
  const auto& tool = *find_tool(project.tool);
  return poll(catalog_of(tool, files), seen(tool, ledger), before.records, false, open);
}

Strings keys(const Project& project) {
  return keys_of(catalog_of(*find_tool(project.tool), project.files));
}

Files checked_out_with_crlf(Files files) {
  for (auto& [path, bytes] : files) {
    bytes = with_crlf(bytes);
  }
  return files;
}

// All are applied, their content is verified where the tool makes that possible, and nothing is
// told; and that is not for want of looking: an edit would be.
void is_quiet(const Project& project,
              const Files& files,
              const Ledger& ledger,
              const Polled& before = {}) {
  const auto after = look(project, files, ledger, before);
  CHECK(after.findings().empty());
  for (const auto& key : keys_of(catalog_of(*find_tool(project.tool), files))) {
    CAPTURE(key);
    CHECK(after.state(key) == "applied");
    const auto* line = after.standing.find({key});
    REQUIRE(line != nullptr);
    CHECK(line->cell.content ==
          (project.verifies ? ContentVerdict::verified : ContentVerdict::unverifiable));
  }
  auto edited = files;
  const auto newest = edited.contains(project.paths[2]) ? project.paths[2] : edited.rbegin()->first;
  edited[newest] += project.more;
  const auto of_edit = look(project, edited, ledger, after);
  REQUIRE(of_edit.standing.findings.size() == 1);
  CHECK(of_edit.findings().starts_with("edited "));
}

}  // namespace

TEST_CASE("a checkout with other line endings is no drift, known or not") {
  for (const auto& project : all_projects()) {
    CAPTURE(project.tool);
    const auto windows = checked_out_with_crlf(project.files);
    for (const auto& [applied, checkout] :
         {std::pair(project.files, windows), std::pair(windows, project.files)}) {
      const auto ledger = project.ledger(applied, 3);
      is_quiet(project, checkout, ledger);
      is_quiet(project, checkout, ledger, look(project, applied, ledger));
    }
  }
}

TEST_CASE("one file with other line endings is no drift, known or not") {
  for (const auto& project : all_projects()) {
    for (const auto& path : project.paths) {
      CAPTURE(project.tool);
      CAPTURE(path);
      auto mixed = project.files;
      mixed[path] = with_crlf(mixed[path]);
      const auto ledger = project.ledger(project.files, 3);
      is_quiet(project, mixed, ledger);
      is_quiet(project, mixed, ledger, look(project, project.files, ledger));
    }
  }
}

TEST_CASE("a byte-order mark that comes or goes is no drift, known or not") {
  for (const auto& project : all_projects()) {
    if (project.tool == "atlas") {
      continue;  // one mark changes the sums of all files behind it, and Atlas refuses to go on
    }
    for (const auto& path : project.paths) {
      CAPTURE(project.tool);
      CAPTURE(path);
      auto marked = project.files;
      marked[path].insert(0, "\xEF\xBB\xBF");
      for (const auto& [applied, checkout] :
           {std::pair(project.files, marked), std::pair(marked, project.files)}) {
        const auto ledger = project.ledger(applied, 3);
        is_quiet(project, checkout, ledger, look(project, applied, ledger));
        is_quiet(project, checkout, ledger);
      }
    }
  }
}

TEST_CASE("a file with another name is the same migration to the tools that say so") {
  for (const auto& project : all_projects()) {
    if (!project.rename) {
      continue;
    }
    CAPTURE(project.tool);
    const auto ledger = project.ledger(project.files, 3);
    const auto before = look(project, project.files, ledger);
    const auto renamed = project.rename(project.files);
    const auto gone = keys(project).back();
    const auto after = look(project, renamed, ledger, before);
    const auto first = look(project, renamed, ledger);
    if (project.same_by_another_name) {
      CHECK(after.findings().empty());
      CHECK(after.state(gone) == "applied");
      CHECK(first.findings().empty());
      CHECK(first.state(gone) == "applied");
    } else {
      const auto come = keys_of(catalog_of(*find_tool(project.tool), renamed)).back();
      CHECK(after.findings() == "removed " + gone);
      CHECK(after.state(come) == "pending");
      CHECK(first.findings() == "foreign " + gone);
    }
  }
}

TEST_CASE("old files that are thrown away are archived where a tool's users do that") {
  for (const auto& project : all_projects()) {
    if (!project.prune) {
      continue;
    }
    CAPTURE(project.tool);
    const auto ledger = project.ledger(project.files, 3);
    const auto oldest = keys(project).front();
    const auto pruned = project.prune(project.files);
    const auto after = look(project, pruned, ledger, look(project, project.files, ledger));
    CHECK(after.findings() == (project.archives ? "" : "removed " + oldest));
    if (project.archives) {
      CHECK(after.state(oldest) == "applied");
      CHECK(after.reason(oldest) == "archived");
      CHECK(look(project, pruned, ledger).findings().empty());
    }
  }
}

TEST_CASE("a ledger that is restored as it was is no news") {
  for (const auto& project : all_projects()) {
    CAPTURE(project.tool);
    const auto ledger = project.ledger(project.files, 3);
    auto restored = ledger;
    for (auto& row : restored) {
      if (project.of_the_server) {
        row[*project.of_the_server] = "31";
      }
    }
    const auto before = look(project, project.files, ledger);
    is_quiet(project, project.files, restored, before);
    // Nothing was applied: what was recorded then is what an edit is told from.
    auto edited = project.files;
    edited[project.paths[0]] += project.more;
    CHECK(look(project, edited, restored, before).findings() == "edited " + keys(project).front());
  }
}

TEST_CASE("an older ledger that is restored lacks what it lacks, until that is applied again") {
  for (const auto& project : all_projects()) {
    CAPTURE(project.tool);
    const auto before = look(project, project.files, project.ledger(project.files, 3));
    auto restored = project.ledger(project.files, 2);
    for (auto& row : restored) {
      if (project.of_the_server) {
        row[*project.of_the_server] = "31";
      }
    }
    const auto older = look(project, project.files, restored, before);
    CHECK(older.findings() == "vanished " + keys(project).back());
    CHECK(older.state(keys(project)[0]) == "applied");
    CHECK(older.state(keys(project)[1]) == "applied");

    // What comes back may be another text than was there before.
    auto files = project.files;
    files[project.paths[2]] += project.more;
    auto again = project.ledger(files, 3);
    for (std::size_t i = 0; i < again.size(); ++i) {
      if (project.of_the_server) {
        again[i][*project.of_the_server] = i + 1 < again.size() ? "31" : "90";
      }
      // It ran at another time; what Drizzle keeps is when the file was made.
      if (i + 1 == again.size() && project.tool != "drizzle") {
        std::ranges::replace(again[i], std::optional(at_ms(3)), std::optional(at_ms(99)));
      }
    }
    is_quiet(project, files, again, older);
  }
}

// --- upgrades of a tool: its rows before, and what they are since ---

TEST_CASE("Flyway 3's checksums of whole files and 6.0's with the mark are those of the files") {
  const auto flyway = of_flyway();
  const auto signed_crc = [](const std::string& bytes) {
    return std::to_string(static_cast<std::int32_t>(crc32_of(bytes)));
  };
  auto of_3 = flyway.ledger(flyway.files, 3);
  for (std::size_t i = 0; i < 3; ++i) {
    of_3[i][5] = signed_crc(flyway.files.at(flyway.paths[i]));
  }
  is_quiet(flyway, flyway.files, of_3);
  // `flyway repair` writes what Flyway of today makes of them.
  is_quiet(flyway, flyway.files, flyway.ledger(flyway.files, 3), look(flyway, flyway.files, of_3));

  auto marked = flyway.files;
  marked["V1__a.sql"] = "\xEF\xBB\xBFSELECT 1;\n";
  auto of_6_0 = flyway.ledger(marked, 3);
  of_6_0[0][5] = signed_crc("\xEF\xBB\xBFSELECT 1;");
  is_quiet(flyway, marked, of_6_0);
  is_quiet(flyway, marked, flyway.ledger(marked, 3), look(flyway, marked, of_6_0));
}

TEST_CASE("each version of Liquibase finds what the one before it wrote, or cleared") {
  const auto liquibase = of_liquibase();
  const auto catalog = catalog_of(*find_tool("liquibase"), liquibase.files);
  const auto of_version = [&](char version) {
    return rows_of_liquibase(3, [&](std::size_t n) -> std::optional<std::string> {
      for (const auto& accepted : catalog.migrations.at(n - 1).checksums.accepted) {
        if (accepted.front() == version) {
          return accepted;
        }
      }
      return std::nullopt;  // cleared
    });
  };
  for (const char before : {'7', '8', '0'}) {
    CAPTURE(before);
    is_quiet(liquibase,
             liquibase.files,
             of_version('9'),
             look(liquibase, liquibase.files, of_version(before)));
  }
  for (const char version : {'7', '8', '9'}) {
    CAPTURE(version);
    is_quiet(liquibase, liquibase.files, of_version(version));
    is_quiet(liquibase, checked_out_with_crlf(liquibase.files), of_version(version));
  }
}

TEST_CASE("checksums that Prisma's engine of 2021 wrote are those of the files") {
  const auto prisma = of_prisma();
  auto of_2021 = prisma.ledger(prisma.files, 3);
  for (auto& row : of_2021) {
    std::string short_of_zeros;
    const std::string whole = *row[2];
    for (std::size_t i = 0; i < whole.size(); i += 2) {
      short_of_zeros += whole[i] == '0' ? whole.substr(i + 1, 1) : whole.substr(i, 2);
    }
    row[2] = short_of_zeros;
  }
  is_quiet(prisma, prisma.files, of_2021);
  is_quiet(prisma, checked_out_with_crlf(prisma.files), of_2021);
}

TEST_CASE(
    "Sqitch's registry of 1.0 and one upgraded from it know no hashes, and that is no drift") {
  auto sqitch = of_sqitch();
  const auto without = [](const Migration&) { return std::optional<std::string>(); };
  const auto upgraded = [](const Migration& migration) {
    return std::optional(migration.key.value);
  };
  const auto old = rows_of_sqitch(sqitch.files, 3, without);
  const auto newer = rows_of_sqitch(sqitch.files, 3, upgraded);
  const auto hashed = rows_of_sqitch(sqitch.files, 3, hash_of_script);
  is_quiet(sqitch, sqitch.files, hashed, look(sqitch, sqitch.files, newer));
  sqitch.verifies = false;
  is_quiet(sqitch, sqitch.files, old);
  is_quiet(sqitch, sqitch.files, newer, look(sqitch, sqitch.files, old));
}

TEST_CASE("Drizzle's upgrade to 1.0 gives rows names and files folders, and that is no drift") {
  auto drizzle = of_drizzle();
  const auto old = drizzle.ledger(drizzle.files, 3);
  auto newer = old;
  Files folders;
  for (std::size_t n = 1; n <= 3; ++n) {
    const auto name = "20260418120" + std::to_string(n) + "00_a";
    newer[n - 1][3] = name;
    folders[name + "/migration.sql"] = drizzle.files.at(drizzle.paths[n - 1]);
    folders[name + "/snapshot.json"] = "{}";
  }
  const auto before = look(drizzle, drizzle.files, old);
  is_quiet(drizzle, drizzle.files, newer, before);
  drizzle.paths[2] = "20260418120300_a/migration.sql";
  is_quiet(drizzle, folders, old, before);
  is_quiet(drizzle, folders, newer, before);
}

TEST_CASE("what was compiled, or is compiled no more, is the same to Knex, Sequelize and TypeORM") {
  for (auto project : {of_knex(), of_sequelize(), of_typeorm()}) {
    CAPTURE(project.tool);
    const auto ledger = project.ledger(project.files, 3);
    Files others;
    for (auto& path : project.paths) {
      auto other = path.substr(0, path.size() - 3) + (path.ends_with(".js") ? ".ts" : ".js");
      others[other] = project.files.at(path);
      path = other;
    }
    is_quiet(project, others, ledger);
  }
}

TEST_CASE("columns that Supabase and Sequelize added are no drift where they are filled") {
  const auto supabase = of_supabase();
  const auto filled = supabase.ledger(supabase.files, 3);
  auto bare = filled;
  for (auto& row : bare) {
    row[1] = row[2] = std::nullopt;
  }
  is_quiet(supabase, supabase.files, filled, look(supabase, supabase.files, bare));
  auto unverified = supabase;
  unverified.verifies = false;
  is_quiet(unverified, supabase.files, bare);

  const auto sequelize = of_sequelize();
  const auto without = sequelize.ledger(sequelize.files, 3);
  auto timed = without;
  for (auto& row : timed) {
    row[2] = at_ms(1);
  }
  is_quiet(sequelize, sequelize.files, timed, look(sequelize, sequelize.files, without));
}

TEST_CASE("an old goose's log of what was rolled back and came back is what a new one would have") {
  const auto goose = of_goose();
  auto log = goose.ledger(goose.files, 3);
  log.push_back({"5", "3", "f", at_ms(5)});
  log.push_back({"6", "3", "t", at_ms(6)});
  is_quiet(goose, goose.files, log);
  is_quiet(goose, goose.files, log, look(goose, goose.files, goose.ledger(goose.files, 3)));
}

TEST_CASE("numbers that were stored with zeros, or are no more, are the same to Rails and Flyway") {
  for (const auto& project : {of_rails(), of_flyway()}) {
    CAPTURE(project.tool);
    const auto ledger = project.ledger(project.files, 3);
    auto zeros = ledger;
    for (auto& row : zeros) {
      auto& version = row[project.tool == "rails" ? 0 : 1];
      version = "00" + *version;
    }
    is_quiet(project, project.files, zeros);
    is_quiet(project, project.files, zeros, look(project, project.files, ledger));
  }
}

TEST_CASE("what sqlx's users give it to ignore, and take away again, is no drift") {
  const auto sqlx = of_sqlx();
  const auto ledger = sqlx.ledger(sqlx.files, 3);
  auto of_words = ledger;
  for (std::size_t i = 0; i < 3; ++i) {
    auto bytes = sqlx.files.at(sqlx.paths[i]);
    std::erase_if(bytes, [](char c) { return c == ' ' || c == '\n'; });
    of_words[i][3] = hex_hash("SHA384", bytes);
  }
  is_quiet(sqlx, sqlx.files, of_words);
  is_quiet(sqlx, checked_out_with_crlf(sqlx.files), of_words);
  is_quiet(sqlx, sqlx.files, ledger, look(sqlx, sqlx.files, of_words));
}

TEST_CASE("a first migration of Diesel's that set the database up stays where it is") {
  auto diesel = of_diesel();
  diesel.files["00000000000000_diesel_initial_setup/up.sql"] = "SELECT 0;\n";
  auto ledger = diesel.ledger(diesel.files, 3);
  ledger.insert(ledger.begin(), {"00000000000000", at_ms(0)});
  is_quiet(diesel, diesel.files, ledger);
}

// --- squashes and baselines ---

TEST_CASE("Flyway: what lies below a baseline is applied, whatever its files say") {
  const auto flyway = of_flyway();
  const auto baseline = rows(1, [](std::size_t) -> Values {
    return {"1",
            "2",
            "<< Flyway Baseline >>",
            "BASELINE",
            "<< Flyway Baseline >>",
            std::nullopt,
            "ana",
            at_ms(1),
            "t"};
  });
  const auto first = look(flyway, flyway.files, baseline);
  CHECK(first.findings().empty());
  CHECK(first.reason("1") == "below_baseline");
  CHECK(first.reason("2") == "below_baseline");
  CHECK(first.state("3") == "pending");
  // Files that it stands for may be thrown away, and may be edited.
  auto fewer = flyway.files;
  fewer.erase("V1__a.sql");
  fewer["V2__a.sql"] = "SELECT 22;\n";
  CHECK(look(flyway, fewer, baseline, first).findings().empty());
}

TEST_CASE("Flyway: a baseline script takes the place of files on new databases only") {
  const auto flyway = of_flyway();
  const auto ledger = flyway.ledger(flyway.files, 3);
  const Files squashed{{"B3__all.sql", "SELECT 123;\n"}, {"V4__d.sql", "SELECT 4;\n"}};
  const auto before = look(flyway, flyway.files, ledger);
  for (const auto& after :
       {look(flyway, squashed, ledger, before), look(flyway, squashed, ledger)}) {
    CHECK(after.findings().empty());
    CHECK(after.reason("1") == "archived");
    CHECK(after.reason("B3") == "skipped");
    CHECK(after.state("4") == "pending");
  }
  const auto fresh = look(flyway, squashed, {});
  CHECK(fresh.state("B3") == "pending");
  CHECK(fresh.state("4") == "pending");
  const Ledger begun{{"1",
                      "3",
                      "all",
                      "SQL_BASELINE",
                      "B3__all.sql",
                      checksum("flyway", squashed, 0),
                      "ana",
                      at_ms(1),
                      "t"}};
  CHECK(look(flyway, squashed, begun).findings().empty());
  CHECK(look(flyway, squashed, begun).state("B3") == "applied");
}

TEST_CASE("Alembic: a history that begins anew, with a stamp, archives what was before") {
  const auto alembic = of_alembic();
  const auto before = look(alembic, alembic.files, alembic.ledger(alembic.files, 3));
  const auto after = look(alembic,
                          {{"versions/all.py", "revision = 'all1'\ndown_revision = None\n"}},
                          {{"all1"}},
                          before);
  CHECK(after.findings().empty());
  CHECK(after.state("all1") == "applied");
  CHECK(after.reason("rev2") == "archived");
}

TEST_CASE("golang-migrate: a version that was forced stands for all that is below it") {
  const auto migrate = of_golang_migrate();
  is_quiet(migrate, migrate.files, {{"3", "f"}});
  is_quiet(migrate, migrate.files, {{"3", "f"}}, look(migrate, migrate.files, {}));
}

TEST_CASE("Atlas: a checkpoint in the place of older files is no drift where those had run") {
  const auto atlas = of_atlas();
  const auto ledger = atlas.ledger(atlas.files, 3);
  const auto before = look(atlas, atlas.files, ledger);
  auto files = atlas.files;
  files["4_all.sql"] = "-- atlas:checkpoint\n\nSELECT 123;\n";
  files["5_a.sql"] = sql(5);
  for (const bool thrown_away : {false, true}) {
    CAPTURE(thrown_away);
    if (thrown_away) {
      for (const auto& path : atlas.paths) {
        files.erase(path);
      }
    }
    for (const auto& after : {look(atlas, files, ledger, before), look(atlas, files, ledger)}) {
      CHECK(after.findings().empty());
      CHECK(after.state("3") == "applied");
      CHECK(after.reason("4") == "skipped");
      CHECK(after.state("5") == "pending");
    }
    CHECK(look(atlas, files, {}).state("4") == "pending");
  }
}

TEST_CASE("Atlas: a baseline row stands for the files up to it, there or not") {
  const auto atlas = of_atlas();
  const Ledger baseline{{"2", "a", "1", "0", "0", at_ms(1), "f", ""}};
  const auto first = look(atlas, atlas.files, baseline);
  CHECK(first.findings().empty());
  CHECK(first.reason("1") == "below_baseline");
  CHECK(first.state("3") == "pending");
}

TEST_CASE(
    "Prisma: what was said to be applied, and a squash that replaces older ones, are no drift") {
  const auto prisma = of_prisma();
  auto ledger = prisma.ledger(prisma.files, 3);
  const auto before = look(prisma, prisma.files, ledger);
  Files squashed{{"migration_lock.toml", "provider = \"postgresql\"\n"},
                 {day(4) + "_all/migration.sql", "SELECT 123;\n"}};
  // `migrate resolve --applied`: nothing ran, and it has the checksum of the file.
  ledger.push_back(row_of_prisma(4, day(4) + "_all", checksum("prisma", squashed, 0)));
  for (const auto& after :
       {look(prisma, squashed, ledger, before), look(prisma, squashed, ledger)}) {
    CHECK(after.findings().empty());
    CHECK(after.state(day(4) + "_all") == "applied");
    CHECK(after.reason(day(1) + "_a") == "archived");
  }
}

TEST_CASE("Liquibase: what `changelog-sync` wrote is applied as if it had run") {
  const auto liquibase = of_liquibase();
  is_quiet(liquibase,
           liquibase.files,
           liquibase.ledger(liquibase.files, 3),
           look(liquibase, liquibase.files, {}));
}

TEST_CASE("Flyway: what was undone, or is back after it was marked as deleted, is pending again") {
  const auto flyway = of_flyway();
  for (const std::string type : {"UNDO_SQL", "DELETE"}) {
    CAPTURE(type);
    auto ledger = flyway.ledger(flyway.files, 3);
    ledger.push_back({"4", "3", "a", type, "U3__a.sql", std::nullopt, "ana", at_ms(4), "t"});
    const auto first = look(flyway, flyway.files, ledger);
    CHECK(first.findings().empty());
    CHECK(first.state("3") == "pending");
    auto row = flyway.ledger(flyway.files, 3)[2];
    row[0] = "5";
    ledger.push_back(row);
    is_quiet(flyway, flyway.files, ledger, first);
  }
}

TEST_CASE("Flyway: of several baselines the highest counts, and nothing below it is validated") {
  const auto flyway = of_flyway();
  const auto baseline = [](const std::string& rank, const std::string& version) -> Values {
    return {rank, version, "b", "BASELINE", "b", std::nullopt, "ana", at_ms(1), "t"};
  };
  auto edited = flyway.files;
  edited["V1__a.sql"] = "SELECT 11;\n";
  edited["V2__a.sql"] = "SELECT 22;\n";
  auto ledger = flyway.ledger(flyway.files, 2);
  ledger.push_back(baseline("3", "2"));
  ledger.push_back(baseline("4", "1"));
  const auto seen = look(flyway, edited, ledger);
  CHECK(seen.findings().empty());
  CHECK(seen.state("3") == "pending");
}

TEST_CASE("Flyway: a class or a program that ran is no drift where the files are SQL") {
  const auto flyway = of_flyway();
  for (const std::string type : {"JDBC", "SPRING_JDBC", "CUSTOM", "SCRIPT"}) {
    CAPTURE(type);
    auto ledger = flyway.ledger(flyway.files, 3);
    const auto ran = [&](const char* rank, std::optional<std::string> version) -> Values {
      return {rank, version, "x", type, "db.migration.X", std::nullopt, "ana", at_ms(4), "t"};
    };
    ledger.push_back(ran("4", "4"));
    ledger.push_back(ran("5", std::nullopt));
    is_quiet(flyway, flyway.files, ledger);
    // It may be a file by now, which is not to run again.
    auto files = flyway.files;
    files["V4__x.sql"] = "SELECT 4;\n";
    CHECK(look(flyway, files, ledger).state("4") == "applied");
    CHECK(look(flyway, files, ledger).findings().empty());
    // One that failed is in the way of all others.
    ledger[3][8] = "f";
    CHECK(look(flyway, flyway.files, ledger).findings() == "dirty 4");
  }
}

TEST_CASE("Flyway: a file that was renamed, and then repaired, is as it was") {
  const auto flyway = of_flyway();
  auto ledger = flyway.ledger(flyway.files, 3);
  auto files = flyway.files;
  files["V3__b.sql"] = files.at("V3__a.sql");
  files.erase("V3__a.sql");
  CHECK(look(flyway, files, ledger).note("3") == "renamed");
  ledger[2][2] = "b";  // and the script's name stays
  CHECK(look(flyway, files, ledger).note("3").empty());
}

TEST_CASE("Flyway 3: a checkout with other line endings is no drift") {
  const auto flyway = of_flyway();
  const auto windows = checked_out_with_crlf(flyway.files);
  for (const auto& [applied, checkout] :
       {std::pair(flyway.files, windows), std::pair(windows, flyway.files)}) {
    auto ledger = flyway.ledger(applied, 3);
    for (std::size_t i = 0; i < 3; ++i) {
      ledger[i][5] =
          std::to_string(static_cast<std::int32_t>(crc32_of(applied.at(flyway.paths[i]))));
    }
    is_quiet(flyway, checkout, ledger);
    is_quiet(flyway, checkout, ledger, look(flyway, applied, ledger));
  }
}

TEST_CASE("Flyway: a late file waits for somebody to insist, and is told once it ran") {
  const auto flyway = of_flyway();
  auto ledger = flyway.ledger(flyway.files, 3);
  const Ledger without{ledger[0], ledger[2]};
  const auto before = look(flyway, flyway.files, without);
  CHECK(before.findings().empty());
  CHECK(before.state("2") == "pending");
  CHECK(before.reason("2") == "out_of_order");
  std::swap(ledger[1], ledger[2]);
  CHECK(look(flyway, flyway.files, ledger, before).findings() == "out_of_order 2");
}

TEST_CASE("Flyway: a repeatable that changed is due again, and so is one that was edited back") {
  auto flyway = of_flyway();
  flyway.files["R__views.sql"] = "SELECT 'views';\n";
  auto ledger = flyway.ledger(flyway.files, 3);
  const auto run = [&](const std::string& rank, const Files& files) -> Values {
    return {rank,
            std::nullopt,
            "views",
            "SQL",
            "R__views.sql",
            checksum("flyway", files, 3),
            "ana",
            at_ms(4),
            "t"};
  };
  ledger.push_back(run("4", flyway.files));
  const auto before = look(flyway, flyway.files, ledger);
  CHECK(before.state("R__views") == "applied");
  auto changed = flyway.files;
  changed["R__views.sql"] += "SELECT 'more';\n";
  const auto outdated = look(flyway, changed, ledger, before);
  CHECK(outdated.findings().empty());
  CHECK(outdated.state("R__views") == "pending");
  ledger.push_back(run("5", changed));
  const auto again = look(flyway, changed, ledger, outdated);
  CHECK(again.findings().empty());
  CHECK(again.state("R__views") == "applied");
  CHECK(look(flyway, flyway.files, ledger, again).state("R__views") == "pending");
}

TEST_CASE("Flyway: what `repair` marks as deleted, because its file is, is not missed") {
  const auto flyway = of_flyway();
  auto ledger = flyway.ledger(flyway.files, 3);
  const auto before = look(flyway, flyway.files, ledger);
  ledger.push_back({"4", "1", "a", "DELETE", "V1__a.sql", std::nullopt, "ana", at_ms(4), "t"});
  const auto after = look(flyway, flyway.prune(flyway.files), ledger, before);
  CHECK(after.findings().empty());
}

TEST_CASE("Supabase: a squash leaves one file and one row, and nothing is missed") {
  const auto supabase = of_supabase();
  const auto ledger = supabase.ledger(supabase.files, 3);
  const auto before = look(supabase, supabase.files, ledger);
  const Files squashed{{supabase.paths[2], "SELECT 1;\nSELECT 2;\nSELECT 3;\n"}};
  const Ledger repaired{{day(3), "a", checksum("supabase", squashed, 0), "90"}};
  CHECK(look(supabase, squashed, repaired).findings().empty());
  CHECK(look(supabase, squashed, repaired, before).findings().empty());
}

TEST_CASE("a file of Atlas' with another name, of the same version, is the same migration") {
  const auto atlas = of_atlas();
  const auto ledger = atlas.ledger(atlas.files, 3);
  for (const auto& path : atlas.paths) {
    const auto renamed = move(path, path.substr(0, 2) + "b.sql")(atlas.files);
    CHECK(look(atlas, renamed, ledger, look(atlas, atlas.files, ledger)).findings().empty());
    CHECK(look(atlas, renamed, ledger).findings().empty());
  }
}

TEST_CASE("Sqitch: one early line of the plan that was edited is one finding, not one for each") {
  const auto sqitch = of_sqitch();
  const auto ledger = sqitch.ledger(sqitch.files, 3);
  auto files = sqitch.files;
  auto& plan = files["sqitch.plan"];
  plan.insert(plan.find("# step") + 6, " one");
  CHECK(look(sqitch, files, ledger, look(sqitch, sqitch.files, ledger)).standing.findings.size() ==
        1);
  CHECK(look(sqitch, files, ledger).standing.findings.size() == 1);
}

TEST_CASE("Liquibase: a valid checksum of version 9 does not help a row that has version 8") {
  auto liquibase = of_liquibase();
  const auto today = checksum("liquibase", liquibase.files, 2);
  auto& last = liquibase.files["changes/3_a.sql"];
  last.insert(last.find("-- step"), "--validCheckSum: " + today + "\n");
  auto ledger = liquibase.ledger(liquibase.files, 3);
  ledger[2][6] = "8:0123456789abcdef0123456789abcdef";
  CHECK_FALSE(look(liquibase, liquibase.files, ledger).findings().empty());
  ledger[2][6] = "9:0123456789abcdef0123456789abcdef";
  CHECK(look(liquibase, liquibase.files, ledger).findings().empty());
}

TEST_CASE("Liquibase: a file of SQL alone is the same, also where it was called by its path") {
  const Files files{{"db/changelog.xml",
                     R"(<databaseChangeLog><include file="db/sql/1_a.sql"/></databaseChangeLog>)"},
                    {"db/sql/1_a.sql", "SELECT 1;\n"}};
  const auto row = [](const std::string& id) -> Ledger {
    return {{id,
             "includeAll",
             "db/sql/1_a.sql",
             at_ms(1),
             "2026-04-18 12:00:00 #1",
             "EXECUTED",
             std::nullopt,
             "sql"}};
  };
  const auto& tool = *find_tool("liquibase");
  for (const auto* id : {"raw", "raw_db_sql_1_a.sql"}) {
    const auto seen = poll(tool, files, rows_of(tool, row(id)));
    CHECK(seen.findings().empty());
    CHECK(seen.standing.count(CellState::applied) == 1);
    CHECK(seen.standing.count(CellState::pending) == 0);
  }
}
