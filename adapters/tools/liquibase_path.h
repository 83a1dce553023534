#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

// "db/a.sql" of "classpath:/db/./x/..\a.sql": a path as Liquibase compares it.
std::string normal_liquibase_path(std::string_view path);

// `path` from the folder in which `from` lies.
std::string beside(std::string_view from, std::string_view path);

// Which of the app's files, or folders with files, a path means that begins wherever Liquibase was
// started.
class LiquibaseFiles {
 public:
  explicit LiquibaseFiles(std::vector<std::string> paths);  // relative to the app's root

  // Empty when there is none, or several and none is nearest to `from`.
  std::string file(std::string_view path, std::string_view from) const;
  // As "folder/", "" for all.
  std::optional<std::string> folder(std::string_view path, std::string_view from) const;
  // Below a folder, sorted.
  std::vector<std::string_view> below(std::string_view folder) const;

 private:
  struct Places {
    explicit Places(std::vector<std::string> sorted);
    Places(const Places&) = delete;
    Places& operator=(const Places&) = delete;
    ~Places() = default;
    const std::string* best(std::string_view path, std::string_view from) const;

    std::vector<std::string> paths;
    std::multimap<std::string_view, const std::string*> by_name;  // the last one
  };

  Places files_;
  Places folders_;  // with a slash behind
};

}  // namespace tidemark
