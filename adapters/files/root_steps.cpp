#include "adapters/files/root_steps.h"

#include <unistd.h>

#include <array>
#include <climits>
#include <deque>
#include <string_view>

namespace tidemark {

void visit_steps(const std::string& path, FolderVisitor& visitor) {
  constexpr int steps_max = 256;  // links may go in circles
  std::deque<std::string> names;
  const auto put_in_front = [&names](std::string_view text) {
    while (!text.empty()) {
      const auto slash = text.rfind('/');
      const auto name = text.substr(slash == std::string_view::npos ? 0 : slash + 1);
      if (!name.empty() && name != ".") {
        names.emplace_front(name);
      }
      text = text.substr(0, slash == std::string_view::npos ? 0 : slash);
    }
  };
  put_in_front(path);
  std::string here;  // without links
  for (int steps = 0; !names.empty() && steps < steps_max; ++steps) {
    const std::string name = std::move(names.front());
    names.pop_front();
    if (name == "..") {
      here.erase(here.rfind('/') == std::string::npos ? 0 : here.rfind('/'));
      continue;
    }
    visitor.step(here.empty() ? "/" : here, name);
    std::array<char, PATH_MAX> text{};
    const std::string next = here + "/" + name;
    const auto length = ::readlink(next.c_str(), text.data(), text.size());
    if (length < 0) {
      here = next;
      continue;
    }
    const std::string_view target(text.data(), static_cast<std::size_t>(length));
    if (target.starts_with('/')) {
      here.clear();
    }
    put_in_front(target);
  }
}

}  // namespace tidemark
