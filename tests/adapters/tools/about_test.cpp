#include "adapters/tools/about.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "adapters/tools/tool.h"

using namespace tidemark;

TEST_CASE("the README has the table of the tools, of this build") {
  std::ostringstream readme;
  readme << std::ifstream(README).rdbuf();
  CHECK_MESSAGE(readme.str().find("\n" + tools_table() + "\n") != std::string::npos,
                "it should read\n"
                    << tools_table());
}

TEST_CASE("every tool is in the table") {
  for (const auto* tool : all_tools()) {
    CAPTURE(tool->name());
    CHECK(tools_table().find("| `" + std::string(tool->name()) + "` |") != std::string::npos);
  }
}
