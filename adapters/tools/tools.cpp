#include <algorithm>
#include <array>

#include "adapters/tools/alembic.h"
#include "adapters/tools/atlas.h"
#include "adapters/tools/dbmate.h"
#include "adapters/tools/diesel.h"
#include "adapters/tools/django.h"
#include "adapters/tools/drizzle.h"
#include "adapters/tools/ecto.h"
#include "adapters/tools/flyway.h"
#include "adapters/tools/golang_migrate.h"
#include "adapters/tools/goose.h"
#include "adapters/tools/knex.h"
#include "adapters/tools/liquibase.h"
#include "adapters/tools/own.h"
#include "adapters/tools/prisma.h"
#include "adapters/tools/rails.h"
#include "adapters/tools/sequelize.h"
#include "adapters/tools/sqitch.h"
#include "adapters/tools/sqlx.h"
#include "adapters/tools/supabase.h"
#include "adapters/tools/tool.h"
#include "adapters/tools/typeorm.h"

namespace tidemark {

std::span<const Tool* const> all_tools() {
  static const std::array<const Tool*, 20> tools{
      &flyway(),  &liquibase(),      &rails(),   &django(),   &ecto(),
      &alembic(), &golang_migrate(), &prisma(),  &atlas(),    &dbmate(),
      &goose(),   &sqlx(),           &diesel(),  &sqitch(),   &drizzle(),
      &knex(),    &sequelize(),      &typeorm(), &supabase(), &own()};
  return tools;
}

Result<Catalog> Tool::arrange(std::span<const ScannedFile> files, const ReadScanned&) const {
  Catalog catalog = make_catalog(std::string(name()), files);
  catalog.rules = rules();
  return catalog;
}

Result<ScriptText> Tool::script(std::string_view, Attempt::Action) const {
  return fail(Errc::invalid,
              "tidemark watches what " + std::string(name()) +
                  " applies, and cannot apply it: its files are no SQL as they stand");
}

const Tool* find_tool(std::string_view name) {
  const auto tools = all_tools();
  const auto found = std::ranges::find(tools, name, &Tool::name);
  return found == tools.end() ? nullptr : *found;
}

}  // namespace tidemark
