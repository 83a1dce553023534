#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/tools/flyway_name.h"

namespace tidemark {

// Whether Flyway's settings lie in a file of this name: flyway.conf or flyway.toml.
bool is_flyway_conf(std::string_view path);

// What such a file says of how scripts are named; of all else that it may hold nothing is kept.
struct FlywayConf {
  std::map<std::string, std::vector<std::string>> settings;  // by "sqlMigrationPrefix"
  std::vector<std::string> problems;
};
FlywayConf parse_flyway_conf(std::string_view path, std::string_view bytes);

// Names as all files with settings have them. Where two say different things the first counts.
class FlywaySettings {
 public:
  void add(std::string_view path, std::string_view bytes);

  FlywayNaming naming() const;
  const std::vector<CatalogProblem>& problems() const { return problems_; }

 private:
  struct Setting {
    std::vector<std::string> values;
    std::string path;
  };
  std::map<std::string, Setting> settings_;
  std::vector<CatalogProblem> problems_;
};

}  // namespace tidemark
