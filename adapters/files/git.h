#pragma once

#include <string>

namespace tidemark {

// Whether git is changing the work tree that `folder` lies in: its index is locked. `folder` is
// absolute and has no links in it. A lock that a crash left behind looks the same, so nobody may
// wait for its end without a limit.
bool git_is_busy(const std::string& folder);

}  // namespace tidemark
