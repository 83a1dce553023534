#include "daemon/control/caller.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>

namespace tidemark {

namespace {

constexpr std::size_t buffer_size = 64UL * 1024;

std::string user_name(uid_t uid) {
  std::string buffer(buffer_size, '\0');
  passwd entry{};
  passwd* found = nullptr;
  const bool ok = getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0;
  return ok && found != nullptr ? found->pw_name : "";
}

std::string group_name(gid_t gid) {
  std::string buffer(buffer_size, '\0');
  group entry{};
  group* found = nullptr;
  const bool ok = getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found) == 0;
  return ok && found != nullptr ? found->gr_name : "";
}

}  // namespace

Caller look_up(const Peer& peer) {
  Caller caller;
  caller.uid = peer.uid;
  caller.user = user_name(peer.uid);
  caller.is_daemon_user = peer.uid == geteuid();
  auto gids = peer.groups;
  gids.push_back(peer.gid);
  for (const auto gid : gids) {
    auto name = group_name(gid);
    if (!name.empty() && std::ranges::find(caller.groups, name) == caller.groups.end()) {
      caller.groups.push_back(std::move(name));
    }
  }
  return caller;
}

}  // namespace tidemark
