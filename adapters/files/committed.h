#pragma once

#include <string>
#include <vector>

#include "core/result.h"

namespace tidemark {

// Whether what lies below an app's directories is what somebody meant to be run, and not something
// half done: the question before anything is applied that nobody asked for.
//
// A root (absolute; it may be a link) is complete when a regular file named .complete is in it; or
// when it lies in a git work tree that nothing is going on in, and nothing below it differs from
// HEAD. What git ignores is no difference. Since it may be a migration all the same, each of
// `files`, named below a root as a scan names them, has to be in HEAD, unless its root has the
// marker.
//
// Otherwise a conflict says why: the first difference by its path and how many more there are, or
// what git is in the middle of. The answer is about this moment: what is applied afterwards must
// have the contents that were seen. Nothing of the repository's is run, and nothing is written.
// Blocks: it belongs on a pool thread.
Result<void> is_complete(const std::vector<std::string>& roots,
                         const std::vector<std::string>& files);

}  // namespace tidemark
