#include "adapters/files/beneath.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <deque>

namespace tidemark {

namespace {

constexpr int links_max = 40;  // as the kernel
constexpr std::size_t depth_max = 64;

void put_in_front(std::deque<std::string>& names, std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto name = path.substr(0, slash);
    if (!name.empty() && name != ".") {
      parts.emplace_back(name);
    }
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  names.insert(names.begin(), parts.begin(), parts.end());
}

std::unexpected<Obstacle> blocked(Obstacle::Kind kind, int error = 0) {
  return std::unexpected(Obstacle{kind, error});
}

std::unexpected<Obstacle> failed(int error) {
  if (error == ENOENT || error == ENOTDIR) {
    return blocked(Obstacle::Kind::missing, error);
  }
  return blocked(Obstacle::Kind::failed, error);
}

std::expected<FileDescriptor, int> open_at(int folder, const std::string& name, int flags) {
  const int fd = ::openat(folder, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) {
    return std::unexpected(errno);
  }
  return FileDescriptor(fd);
}

std::expected<std::string, int> link_text(const FileDescriptor& link) {
  std::array<char, PATH_MAX> text{};
  const auto length = ::readlinkat(link.get(), "", text.data(), text.size());
  if (length < 0) {
    return std::unexpected(errno);
  }
  return std::string(text.data(), static_cast<std::size_t>(length));
}

}  // namespace

Place::Place(FileDescriptor root, const FileStat& stat) : root_(stat) {
  steps_.push_back({std::make_shared<const FileDescriptor>(std::move(root)), ""});
}

std::string Place::path() const {
  std::string path;
  for (const auto& step : steps_) {
    if (!path.empty()) {
      path += '/';
    }
    path += step.name;
  }
  return path;
}

Place Place::child(FileDescriptor fd, std::string_view name) const {
  Place place = *this;
  place.steps_.push_back(
      {std::make_shared<const FileDescriptor>(std::move(fd)), std::string(name)});
  return place;
}

Place Place::parent() const {
  Place place = *this;
  place.steps_.pop_back();
  return place;
}

bool is_mounted_below(const FileStat& stat, const Place& folder) {
  return stat.mount_root || stat.device != folder.root_stat().device;
}

std::expected<Resolved, Obstacle> resolve(const Place& from,
                                          std::string_view path,
                                          FolderVisitor* visitor) {
  if (path.starts_with('/')) {
    return blocked(Obstacle::Kind::leaves);
  }
  Place here = from;
  std::deque<std::string> names;
  put_in_front(names, path);
  int links = 0;
  while (!names.empty()) {
    const std::string name = std::move(names.front());
    names.pop_front();
    if (name == "..") {
      if (here.is_root()) {
        return blocked(Obstacle::Kind::leaves);
      }
      here = here.parent();
      continue;
    }
    auto fd = open_at(here.fd(), name, O_PATH);
    if (!fd) {
      return failed(fd.error());
    }
    const auto stat = stat_of(fd->get());
    if (!stat) {
      return failed(stat.error());
    }
    if (is_mounted_below(*stat, here)) {
      return blocked(Obstacle::Kind::mount);
    }
    if (stat->is_link()) {
      const auto text = link_text(*fd);
      if (!text) {
        return failed(text.error());
      }
      if (text->starts_with('/')) {
        return blocked(Obstacle::Kind::leaves);
      }
      if (++links > links_max || names.size() > PATH_MAX) {
        return blocked(Obstacle::Kind::circular);
      }
      put_in_front(names, *text);
    } else if (stat->is_folder()) {
      if (here.depth() > depth_max) {
        return blocked(Obstacle::Kind::circular);
      }
      if (visitor != nullptr) {
        visitor->folder(fd->get());
      }
      here = here.child(*std::move(fd), name);
    } else if (names.empty()) {
      return Resolved{std::move(here), name, *stat};
    } else {
      return blocked(Obstacle::Kind::missing, ENOTDIR);
    }
  }
  const auto stat = stat_of(here.fd());
  if (!stat) {
    return failed(stat.error());
  }
  return Resolved{std::move(here), "", *stat};
}

std::expected<FileDescriptor, int> open_file(const Place& folder, const std::string& name) {
  return open_at(folder.fd(), name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

std::expected<FileDescriptor, int> open_folder(const Place& folder, const std::string& name) {
  return open_at(folder.fd(), name, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
}

}  // namespace tidemark
