#include "adapters/files/git.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "adapters/files/descriptor.h"
#include "adapters/files/file_stat.h"

namespace tidemark {

namespace {

// The first line of the small file that a linked work tree or a submodule has for its .git folder:
// "gitdir: PATH".
std::string git_folder_named_in(const std::string& file) {
  const FileDescriptor fd(
      ::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  std::array<char, 4096> text{};
  const auto length = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  if (length <= 0) {
    return {};
  }
  constexpr std::string_view label = "gitdir: ";
  auto line = std::string_view(text.data(), static_cast<std::size_t>(length));
  line = line.substr(0, line.find_first_of("\r\n"));
  return line.starts_with(label) ? std::string(line.substr(label.size())) : std::string();
}

bool exists(const std::string& path) {
  return stat_at(AT_FDCWD, path.c_str()).has_value();
}

}  // namespace

bool git_is_busy(const std::string& folder) {
  for (std::string above = folder;;) {
    const std::string git = above + "/.git";
    const auto stat = stat_at(AT_FDCWD, git.c_str());
    if (stat && stat->is_folder()) {
      return exists(git + "/index.lock");
    }
    if (stat && stat->is_file()) {
      std::string named = git_folder_named_in(git);
      if (!named.empty() && !named.starts_with('/')) {
        named = above + "/" + named;
      }
      return !named.empty() && exists(named + "/index.lock");
    }
    const auto slash = above.rfind('/');
    if (slash == std::string::npos || above.empty()) {
      return false;
    }
    above.erase(slash);
  }
}

}  // namespace tidemark
