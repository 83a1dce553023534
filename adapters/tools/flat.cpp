#include "adapters/tools/flat.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

#include "adapters/tools/file_name.h"

namespace tidemark {

namespace {

// With the slash; empty at the top.
std::string_view folder_of(std::string_view path) {
  return path.substr(0, path.size() - base_name(path).size());
}

}  // namespace

std::vector<ScannedFile> without_nested(std::span<const ScannedFile> files) {
  std::set<std::string_view> folders;
  for (const auto& file : files) {
    if (!file.path.ends_with(".go")) {  // a number in front of a program's name says little
      folders.insert(folder_of(file.path));
    }
  }
  const auto is_nested = [&](const ScannedFile& file) {
    for (auto folder = folder_of(file.path); !folder.empty();) {
      folder = folder_of(folder.substr(0, folder.size() - 1));
      if (folders.contains(folder)) {
        return true;
      }
    }
    return false;
  };
  std::vector<ScannedFile> flat;
  std::ranges::remove_copy_if(files, std::back_inserter(flat), is_nested);
  return flat;
}

}  // namespace tidemark
