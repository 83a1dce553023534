#include <algorithm>
#include <array>

#include "adapters/tools/flyway.h"
#include "adapters/tools/liquibase.h"
#include "adapters/tools/own.h"
#include "adapters/tools/sqitch.h"
#include "adapters/tools/tool.h"

namespace tidemark {

std::span<const Tool* const> all_tools() {
  static const std::array<const Tool*, 4> tools{&flyway(), &liquibase(), &sqitch(), &own()};
  return tools;
}

Result<Catalog> Tool::arrange(std::span<const ScannedFile> files, const ReadScanned&) const {
  Catalog catalog = make_catalog(std::string(name()), files);
  catalog.rules = rules();
  return catalog;
}

const Tool* find_tool(std::string_view name) {
  const auto tools = all_tools();
  const auto found = std::ranges::find(tools, name, &Tool::name);
  return found == tools.end() ? nullptr : *found;
}

}  // namespace tidemark
