#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "adapters/files/beneath.h"
#include "core/catalog/catalog.h"
#include "core/result.h"

namespace tidemark {

struct WalkLimits {
  std::size_t depth = 32;
  std::size_t files = 200'000;
};

// What lies in one root: regular files, and links to them that stay in the tree.
struct Walk {
  struct File {
    std::string path;  // below the root
    FileStat stat;
    bool linked = false;  // a link led to it
    std::size_t above =
        0;  // so much of the path's front is the root's own, where a layout wants it
  };
  std::vector<File> files;
  std::vector<CatalogProblem> problems;
  std::vector<std::string> unreadable;  // folders whose files nobody could list; "" is the root
  FileTime newest_change;               // of any file or folder in it
};

// Lists the tree below `root` without opening a file. Left out: names that begin with a dot,
// node_modules, venv,
// __pycache__, lost+found, and what a glob of `ignore` describes. Never entered: what is mounted
// below the root, and links that leave it. A link to a folder is entered when the folder itself is
// left out (ConfigMaps keep theirs behind a dot); otherwise its files are listed already.
Result<Walk> walk(const Place& root,
                  std::span<const std::string> ignore,
                  const WalkLimits& limits,
                  FolderVisitor* visitor,
                  const std::stop_token& stop = {});

}  // namespace tidemark
