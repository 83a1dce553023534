#include "adapters/tools/liquibase_path.h"

#include <algorithm>
#include <set>

#include "adapters/tools/file_name.h"

namespace tidemark {

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::size_t common_folders(std::string_view a, std::string_view b) {
  std::size_t folders = 0;
  for (std::size_t i = 0; i < a.size() && i < b.size() && a[i] == b[i]; ++i) {
    folders += a[i] == '/' ? 1 : 0;
  }
  return folders;
}

// Whether a path is `end`, or ends in it behind a folder.
bool ends_like(std::string_view path, std::string_view end) {
  return path.ends_with(end) &&
         (path.size() == end.size() || path[path.size() - end.size() - 1] == '/');
}

}  // namespace

std::string normal_liquibase_path(std::string_view path) {
  constexpr std::string_view scheme = "classpath:";
  std::string slashes(path);
  std::ranges::replace(slashes, '\\', '/');
  std::string_view rest = slashes;
  if (lower_case(rest.substr(0, scheme.size())) == scheme) {
    rest.remove_prefix(scheme.size());
  }
  if (rest.size() >= 2 && is_letter(rest[0]) && rest[1] == ':') {
    rest.remove_prefix(2);
  }
  std::vector<std::string_view> names;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('/'), rest.size());
    const auto name = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (name == ".." && !names.empty() && names.back() != "..") {
      names.pop_back();
    } else if (!name.empty() && name != ".") {
      names.push_back(name);
    }
  }
  std::string normal;
  for (const auto& name : names) {
    normal += normal.empty() ? "" : "/";
    normal += name;
  }
  return normal;
}

std::string beside(std::string_view from, std::string_view path) {
  const auto slash = from.rfind('/');
  const auto folder = slash == std::string_view::npos ? "" : from.substr(0, slash + 1);
  return normal_liquibase_path(std::string(folder) + std::string(path));
}

namespace {

// "a.sql" of "db/a.sql", "db/" of "src/db/".
std::string_view last_name(std::string_view path) {
  const auto slash = path.substr(0, path.empty() ? 0 : path.size() - 1).rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

LiquibaseFiles::Places::Places(std::vector<std::string> sorted) : paths(std::move(sorted)) {
  for (const auto& path : paths) {
    by_name.emplace(last_name(path), &path);
  }
}

const std::string* LiquibaseFiles::Places::best(std::string_view path,
                                                std::string_view from) const {
  const std::string* longer = nullptr;   // than the path, the nearest
  const std::string* shorter = nullptr;  // the longest of them
  std::size_t near = 0;
  bool tie = false;
  const auto [first, last] = by_name.equal_range(last_name(path));
  for (auto at = first; at != last; ++at) {
    const auto& each = *at->second;
    if (each == path) {
      return &each;
    }
    if (ends_like(each, path)) {
      const auto common = common_folders(each, from);
      tie = (tie && common <= near) || (longer != nullptr && common == near);
      if (longer == nullptr || common > near) {
        longer = &each;
        near = common;
      }
    } else if (ends_like(path, each) && (shorter == nullptr || each.size() > shorter->size())) {
      shorter = &each;
    }
  }
  return tie ? nullptr : longer != nullptr ? longer : shorter;
}

namespace {

std::vector<std::string> sorted(std::vector<std::string> paths) {
  std::ranges::sort(paths);
  return paths;
}

std::vector<std::string> folders_of(const std::vector<std::string>& paths) {
  std::set<std::string> folders;
  for (const auto& path : paths) {
    for (auto slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      folders.insert(path.substr(0, slash + 1));
    }
  }
  return {folders.begin(), folders.end()};
}

}  // namespace

LiquibaseFiles::LiquibaseFiles(std::vector<std::string> paths)
    : files_(sorted(std::move(paths))), folders_(folders_of(files_.paths)) {}

std::string LiquibaseFiles::file(std::string_view path, std::string_view from) const {
  const auto* found = path.empty() ? nullptr : files_.best(path, from);
  return found == nullptr ? "" : *found;
}

std::optional<std::string> LiquibaseFiles::folder(std::string_view path,
                                                  std::string_view from) const {
  if (path.empty()) {
    return "";
  }
  if (const auto* found = folders_.best(std::string(path) + "/", from)) {
    return *found;
  }
  return std::nullopt;
}

std::vector<std::string_view> LiquibaseFiles::below(std::string_view folder) const {
  std::vector<std::string_view> files;
  for (auto at = std::ranges::lower_bound(files_.paths, folder); at != files_.paths.end(); ++at) {
    if (!at->starts_with(folder)) {
      break;
    }
    files.emplace_back(*at);
  }
  return files;
}

}  // namespace tidemark
