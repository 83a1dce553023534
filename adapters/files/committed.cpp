#include "adapters/files/committed.h"

#include <fcntl.h>
#include <git2.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "adapters/files/file_stat.h"
#include "core/text/printable.h"

namespace tidemark {

namespace {

template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
using Repository = std::unique_ptr<git_repository, Release<git_repository_free>>;
using Commit = std::unique_ptr<git_commit, Release<git_commit_free>>;
using Tree = std::unique_ptr<git_tree, Release<git_tree_free>>;
using TreeEntry = std::unique_ptr<git_tree_entry, Release<git_tree_entry_free>>;
using Index = std::unique_ptr<git_index, Release<git_index_free>>;
using StatusList = std::unique_ptr<git_status_list, Release<git_status_list_free>>;

// Once for the process: libgit2 counts, and what it holds is needed until the end.
bool git_is_ready() {
  static const bool ready = [] {
    if (git_libgit2_init() < 0) {
      return false;
    }
    bool set = true;
    // The answer is for everybody the same: neither the daemon's user nor the machine has a say in
    // what is ignored.
    for (const int level : {GIT_CONFIG_LEVEL_PROGRAMDATA,
                            GIT_CONFIG_LEVEL_SYSTEM,
                            GIT_CONFIG_LEVEL_XDG,
                            GIT_CONFIG_LEVEL_GLOBAL}) {
      set = set && git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "") == 0;
    }
    // A checkout usually belongs to another user than the daemon's. git refuses such ones because
    // a stranger's configuration may name programs that it would run; libgit2 runs none.
    return set && git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0) == 0;
  }();
  return ready;
}

std::unexpected<Error> incomplete(const std::string& path, std::string_view why) {
  return fail(Errc::conflict, printable(path) + ": " + std::string(why));
}

std::unexpected<Error> git_failed(const std::string& path) {
  const auto* error = git_error_last();
  const std::string_view message =
      error != nullptr && error->message != nullptr ? error->message : "an unknown failure";
  return incomplete(path, "git cannot be asked: " + printable(message));
}

std::optional<std::string> without_links(const std::string& path) {
  const std::unique_ptr<char, Release<::free>> real(::realpath(path.c_str(), nullptr));
  return real ? std::optional<std::string>(real.get()) : std::nullopt;
}

bool exists(const std::string& path) {
  return stat_at(AT_FDCWD, path.c_str()).has_value();
}

bool has_marker(const std::string& root) {
  const auto stat = stat_at(AT_FDCWD, (root + "/.complete").c_str());
  return stat && stat->is_file();
}

struct WorkTree {
  Repository repository;
  std::string folder;  // without links, with a slash at its end
  Commit commit;       // HEAD
  Tree head;
};

// The work tree that `folder` lies in, which has no links in it.
Result<WorkTree> work_tree_around(const std::string& folder) {
  WorkTree found;
  git_repository* repository = nullptr;
  const int opened = git_repository_open_ext(&repository, folder.c_str(), 0, nullptr);
  found.repository.reset(repository);
  if (opened != 0 && opened != GIT_ENOTFOUND) {
    return git_failed(folder);
  }
  const char* work_tree = opened == 0 ? git_repository_workdir(repository) : nullptr;
  found.folder = work_tree != nullptr ? without_links(work_tree).value_or("") : "";
  if (!found.folder.ends_with('/')) {
    found.folder += '/';
  }
  // core.worktree may have led elsewhere.
  if (work_tree == nullptr || !(folder + '/').starts_with(found.folder)) {
    return incomplete(folder, "is in no git work tree and has no .complete");
  }
  git_oid id;
  if (git_reference_name_to_id(&id, repository, "HEAD") != 0) {
    return incomplete(folder, "its git work tree has no commit yet");
  }
  git_commit* commit = nullptr;
  if (git_commit_lookup(&commit, repository, &id) != 0) {
    return git_failed(folder);
  }
  found.commit.reset(commit);
  git_tree* tree = nullptr;
  if (git_commit_tree(&tree, commit) != 0) {
    return git_failed(folder);
  }
  found.head.reset(tree);
  return found;
}

std::string_view going_on(git_repository* repository) {
  switch (static_cast<git_repository_state_t>(git_repository_state(repository))) {
    case GIT_REPOSITORY_STATE_NONE:
      return {};
    case GIT_REPOSITORY_STATE_MERGE:
      return "a merge is in progress";
    case GIT_REPOSITORY_STATE_REVERT:
    case GIT_REPOSITORY_STATE_REVERT_SEQUENCE:
      return "a revert is in progress";
    case GIT_REPOSITORY_STATE_CHERRYPICK:
    case GIT_REPOSITORY_STATE_CHERRYPICK_SEQUENCE:
      return "a cherry-pick is in progress";
    case GIT_REPOSITORY_STATE_BISECT:
      return "a bisect is in progress";
    case GIT_REPOSITORY_STATE_REBASE:
    case GIT_REPOSITORY_STATE_REBASE_INTERACTIVE:
    case GIT_REPOSITORY_STATE_REBASE_MERGE:
      return "a rebase is in progress";
    case GIT_REPOSITORY_STATE_APPLY_MAILBOX:
    case GIT_REPOSITORY_STATE_APPLY_MAILBOX_OR_REBASE:
      return "an am or a rebase is in progress";
  }
  return "git is in the middle of something";
}

bool index_is_locked(git_repository* repository) {
  git_buf path{};
  const bool known = git_repository_item_path(&path, repository, GIT_REPOSITORY_ITEM_INDEX) == 0;
  const bool locked = !known || exists(std::string(path.ptr) + ".lock");
  git_buf_dispose(&path);
  return locked;
}

Result<void> nothing_goes_on(const WorkTree& work_tree, const std::string& folder) {
  const auto state = going_on(work_tree.repository.get());
  if (!state.empty()) {
    return incomplete(folder, state);
  }
  if (index_is_locked(work_tree.repository.get())) {
    return incomplete(folder, "git is at work: its index is locked");
  }
  return {};
}

bool is_committed(const WorkTree& work_tree, const std::string& below) {
  git_tree_entry* entry = nullptr;
  if (git_tree_entry_bypath(&entry, work_tree.head.get(), below.c_str()) != 0) {
    return false;
  }
  const TreeEntry owner(entry);
  return git_tree_entry_type(entry) == GIT_OBJECT_TREE;
}

std::string_view difference_of(const git_status_entry& entry) {
  struct Words {
    unsigned status;
    std::string_view what;
  };
  // What is most worth knowing first: a file can be several of them.
  constexpr std::array<Words, 5> words{{
      {GIT_STATUS_CONFLICTED, "is in conflict"},
      {GIT_STATUS_WT_NEW, "is untracked"},
      {GIT_STATUS_WT_DELETED, "is deleted"},
      {GIT_STATUS_WT_MODIFIED | GIT_STATUS_WT_TYPECHANGE, "is modified"},
      {GIT_STATUS_INDEX_NEW | GIT_STATUS_INDEX_MODIFIED | GIT_STATUS_INDEX_DELETED |
           GIT_STATUS_INDEX_TYPECHANGE,
       "is staged and not committed"},
  }};
  for (const auto& [status, what] : words) {
    if ((entry.status & status) != 0) {
      return what;
    }
  }
  return {};
}

// What is known of a root while its work tree and the submodules in it are gone through. Paths are
// absolute and without links.
struct Seen {
  std::map<std::string, std::string_view> differences;
  std::set<std::string> tracked;
};

// Of what lies at `below` in the work tree, and nowhere else in it.
Result<void> add_differences(const WorkTree& work_tree, std::string below, Seen& seen) {
  git_status_options options{};
  options.version = GIT_STATUS_OPTIONS_VERSION;
  // Taken literally, a path also bounds the walk through the work tree.
  options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH;
  options.baseline = work_tree.head.get();
  char* path = below.data();
  if (!below.empty()) {
    options.pathspec = {&path, 1};
  }
  git_status_list* list = nullptr;
  if (git_status_list_new(&list, work_tree.repository.get(), &options) != 0) {
    return git_failed(work_tree.folder + below);
  }
  const StatusList owner(list);
  const auto count = git_status_list_entrycount(list);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& entry = *git_status_byindex(list, i);
    const auto what = difference_of(entry);
    const auto* delta =
        entry.index_to_workdir != nullptr ? entry.index_to_workdir : entry.head_to_index;
    if (!what.empty() && delta != nullptr) {
      seen.differences.emplace(work_tree.folder + delta->new_file.path, what);
    }
  }
  return {};
}

Result<void> look(const WorkTree& work_tree, const std::string& folder, Seen& seen);

// libgit2 would believe the repository's configuration which changes in a submodule to pass over.
Result<void> look_into_submodule(const std::string& folder, const git_oid& id, Seen& seen) {
  const auto submodule = without_links(folder) == folder
                             ? work_tree_around(folder)
                             : incomplete(folder, "is a submodule that is not there");
  if (!submodule) {
    return std::unexpected(submodule.error());
  }
  if (submodule->folder != folder + '/') {
    return incomplete(folder, "is a submodule that is not there");
  }
  if (git_oid_equal(git_commit_id(submodule->commit.get()), &id) == 0) {
    return incomplete(folder, "is a submodule at another commit");
  }
  return look(*submodule, folder, seen);
}

Result<void> look_at_index(const WorkTree& work_tree, const std::string& below, Seen& seen) {
  git_index* index = nullptr;
  if (git_repository_index(&index, work_tree.repository.get()) != 0) {
    return git_failed(work_tree.folder + below);
  }
  const Index owner(index);
  const std::string prefix = below.empty() ? "" : below + '/';
  std::size_t i = 0;
  if (git_index_find_prefix(&i, index, prefix.c_str()) != 0) {
    return {};
  }
  for (; i < git_index_entrycount(index); ++i) {
    const auto& entry = *git_index_get_byindex(index, i);
    if (!std::string_view(entry.path).starts_with(prefix)) {
      break;
    }
    const std::string path = work_tree.folder + entry.path;
    if ((entry.flags & GIT_INDEX_ENTRY_VALID) != 0 ||
        (entry.flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE) != 0) {
      // Also of one that is deleted: that is how a sparse checkout leaves files out.
      seen.differences.insert_or_assign(
          path, "is not looked at by git (marked assume-unchanged or skip-worktree)");
    }
    seen.tracked.insert(path);
    if (entry.mode == GIT_FILEMODE_COMMIT) {
      auto looked = look_into_submodule(path, entry.id, seen);
      if (!looked) {
        return looked;
      }
    }
  }
  return {};
}

Result<void> look(const WorkTree& work_tree, const std::string& folder, Seen& seen) {
  std::string below = folder.substr(std::min(folder.size(), work_tree.folder.size()));
  if (!below.empty() && !is_committed(work_tree, below)) {
    return incomplete(folder, "is not committed");
  }
  if (auto added = add_differences(work_tree, below, seen); !added) {
    return added;
  }
  if (auto looked = look_at_index(work_tree, below, seen); !looked) {
    return looked;
  }
  // Asked last: what git began before and has not ended is seen, and what it has ended is told by
  // the differences that it made.
  return nothing_goes_on(work_tree, folder);
}

Result<void> root_is_complete(const std::string& root, const std::vector<std::string>& files) {
  if (has_marker(root)) {
    return {};
  }
  const auto folder = without_links(root);
  if (!folder) {
    return incomplete(root, "is not there");
  }
  const auto work_tree = work_tree_around(*folder);
  if (!work_tree) {
    return std::unexpected(work_tree.error());
  }
  Seen seen;
  if (auto looked = look(*work_tree, *folder, seen); !looked) {
    return looked;
  }
  for (const auto& file : files) {
    const auto path = without_links(*folder + '/' + file);
    if (path && !seen.tracked.contains(*path)) {
      seen.differences.emplace(*path, "is not committed");
    }
  }
  if (seen.differences.empty()) {
    return {};
  }
  const auto& [path, what] = *seen.differences.begin();
  const auto more = seen.differences.size() - 1;
  return fail(Errc::conflict,
              printable(path) + ' ' + std::string(what) +
                  (more == 0 ? "" : ", and " + std::to_string(more) + " more differ from HEAD"));
}

}  // namespace

Result<void> is_complete(const std::vector<std::string>& roots,
                         const std::vector<std::string>& files) {
  if (!git_is_ready()) {
    return fail(Errc::internal, "libgit2 cannot be set up");
  }
  for (const auto& root : roots) {
    auto complete = root_is_complete(root, files);
    if (!complete) {
      return complete;
    }
  }
  return {};
}

}  // namespace tidemark
