#include "adapters/files/watch_plan.h"

#include <linux/magic.h>
#include <sys/inotify.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "adapters/files/system_error.h"

namespace tidemark {

namespace {

constexpr std::uint32_t entries_change =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t contents_change = IN_MODIFY | IN_CLOSE_WRITE;

struct RemoteKind {
  std::uint32_t magic;
  const char* name;
};
// Where others change files without our kernel seeing it.
constexpr std::array<RemoteKind, 10> remote_kinds{{{NFS_SUPER_MAGIC, "NFS"},
                                                   {SMB_SUPER_MAGIC, "SMB"},
                                                   {CIFS_SUPER_MAGIC, "CIFS"},
                                                   {SMB2_SUPER_MAGIC, "SMB"},
                                                   {V9FS_MAGIC, "9p"},
                                                   {FUSE_SUPER_MAGIC, "FUSE"},
                                                   {AFS_SUPER_MAGIC, "AFS"},
                                                   {CODA_SUPER_MAGIC, "Coda"},
                                                   {CEPH_SUPER_MAGIC, "Ceph"},
                                                   {0x786f4256U, "a VirtualBox share"}}};

const char* remote_kind(int fd) {
  struct statfs answer {};
  if (::fstatfs(fd, &answer) != 0) {
    return nullptr;
  }
  for (const auto& kind : remote_kinds) {
    if (static_cast<std::uint32_t>(answer.f_type) == kind.magic) {
      return kind.name;
    }
  }
  return nullptr;
}

std::string words_for(int error) {
  if (error == ENOSPC) {
    return "the limit fs.inotify.max_user_watches is reached";
  }
  return "inotify: " + error_text(error);
}

}  // namespace

int WatchPlan::add(const std::string& path, std::uint32_t events) {
  if (!inotify_) {
    return -1;
  }
  // A folder may be in the tree and on the way to another root: masks add up, and who reads the
  // events tells them apart.
  const int watch = ::inotify_add_watch(
      inotify_->get(), path.c_str(), events | IN_ONLYDIR | IN_EXCL_UNLINK | IN_MASK_ADD);
  const bool gone_or_closed = errno == ENOENT || errno == ENOTDIR || errno == EACCES;
  if (watch < 0 && !gone_or_closed && trouble_.empty()) {
    trouble_ = words_for(errno);
  }
  return watch;
}

void WatchPlan::folder(int fd) {
  if (const char* kind = remote_kind(fd); kind != nullptr && trouble_.empty()) {
    trouble_ = std::string("it is on ") + kind + ", where changes by others cause no events";
  }
  if (const int watch =
          add("/proc/self/fd/" + std::to_string(fd), entries_change | contents_change);
      watch >= 0) {
    folders_.insert(watch);
  }
}

void WatchPlan::step(const std::string& folder, const std::string& name) {
  if (const int watch = add(folder, entries_change); watch >= 0) {
    steps_[watch].insert(name);
  }
}

}  // namespace tidemark
