#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/tools/tool.h"

namespace tidemark {

// Which tool's files a directory has.
struct LayoutChoice {
  const Tool* tool = nullptr;  // null: cannot be told, and `trouble` says why
  std::vector<std::string>
      considered;       // "flyway: 12 files": every tool that some file is named for
  std::string trouble;  // with a tool: what people should know although it was chosen
};

// `setting` is `repo.layout`: auto or a tool's name. With auto the tool that files are named for is
// chosen; two such tools are an ambiguity for people to settle, never a guess; none is `own` with
// no migrations.
LayoutChoice choose_layout(std::string_view setting, std::span<const std::string> paths);

}  // namespace tidemark
