#include "adapters/files/committed.h"

#include <doctest/doctest.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "adapters/files/descriptor.h"
#include "tests/adapters/files/support.h"

using namespace tidemark;
using namespace tidemark::files_test;

namespace {

// The home of whoever runs this program, with a configuration that ignores every file. It is there
// before libgit2 is asked for the first time.
struct OwnHome {
  OwnHome() {
    write(
        folder / ".gitconfig",
        "[core]\n\texcludesFile = " + folder.root("ignore") + "\n\tfsync = none" +
            "\n[user]\n\tname = x\n\temail = x@example.com\n[protocol \"file\"]\n"
            "\tallow = always\n[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n");
    write(folder / "ignore", "*\n");
    ::setenv("HOME", folder.path().c_str(), 1);
    ::setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    ::unsetenv("XDG_CONFIG_HOME");
  }
  TemporaryFolder folder;
};
const OwnHome home;

bool shell(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

// A repository with the committed files db/1.sql, db/sub/2.sql and elsewhere/x.txt.
struct Scene {
  Scene() {
    fs::create_directory(folder / "repo");
    git("init -q");
    write(folder / "repo/db/1.sql", "one\n");
    write(folder / "repo/db/sub/2.sql", "two\n");
    write(folder / "repo/elsewhere/x.txt", "x\n");
    commit();
  }

  // Whether git did it: some things that tests ask for are meant to fail.
  bool try_git(const std::string& arguments, const std::string& where = "repo") const {
    return shell("cd '" + folder.root(where) + "' && git -c core.excludesFile= " + arguments);
  }
  void git(const std::string& arguments, const std::string& where = "repo") const {
    REQUIRE_MESSAGE(try_git(arguments, where), arguments);
  }
  void commit(const std::string& where = "repo") const {
    git("add -A", where);
    git("commit -q -m x", where);
  }
  // Two branches that cannot be merged; on `main` afterwards.
  void diverge() const {
    git("checkout -q -b other");
    write(folder / "repo/db/1.sql", "theirs\n");
    commit();
    git("checkout -q main");
    write(folder / "repo/db/1.sql", "ours\n");
    commit();
  }

  // "" when complete; the folder of the scene left out.
  std::string why_not(const std::string& root = "repo/db",
                      const std::vector<std::string>& files = {}) const {
    const auto complete = is_complete({folder.root(root)}, files);
    if (complete) {
      return "";
    }
    CHECK(complete.error().code == Errc::conflict);
    auto why = complete.error().detail;
    const auto prefix = folder.path().string() + '/';
    return why.starts_with(prefix) ? why.substr(prefix.size()) : why;
  }

  TemporaryFolder folder;
};

// Whether a folder was opened while `work` ran.
bool opens(const fs::path& watched, const std::function<void()>& work) {
  const FileDescriptor events(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  REQUIRE(::inotify_add_watch(events.get(), watched.c_str(), IN_OPEN) >= 0);
  work();
  alignas(inotify_event) std::array<char, sizeof(inotify_event) + NAME_MAX + 1> event{};
  return ::read(events.get(), event.data(), event.size()) > 0;
}

}  // namespace

TEST_CASE("what is committed is complete, in a root, above it and at the top of the work tree") {
  const Scene scene;
  CHECK(scene.why_not("repo/db") == "");
  CHECK(scene.why_not("repo/db/sub") == "");
  CHECK(scene.why_not("repo") == "");
  CHECK(scene.why_not("repo/db", {"1.sql", "sub/2.sql"}) == "");
}

TEST_CASE("a file that differs from HEAD below the root is named") {
  const Scene scene;
  SUBCASE("modified") {
    write(scene.folder / "repo/db/1.sql", "new\n");
    CHECK(scene.why_not() == "repo/db/1.sql is modified");
  }
  SUBCASE("modified a moment after the commit, to the same size") {
    write(scene.folder / "repo/db/1.sql", "eno\n");
    CHECK(scene.why_not() == "repo/db/1.sql is modified");
  }
  SUBCASE("staged") {
    write(scene.folder / "repo/db/1.sql", "new\n");
    scene.git("add db/1.sql");
    CHECK(scene.why_not() == "repo/db/1.sql is staged and not committed");
  }
  SUBCASE("added") {
    write(scene.folder / "repo/db/3.sql", "three\n");
    scene.git("add db/3.sql");
    CHECK(scene.why_not() == "repo/db/3.sql is staged and not committed");
  }
  SUBCASE("meant to be added") {
    write(scene.folder / "repo/db/3.sql", "three\n");
    scene.git("add -N db/3.sql");
    CHECK(scene.why_not().starts_with("repo/db/3.sql is "));
  }
  SUBCASE("untracked") {
    write(scene.folder / "repo/db/3.sql", "three\n");
    CHECK(scene.why_not() == "repo/db/3.sql is untracked");
  }
  SUBCASE("in an untracked folder") {
    write(scene.folder / "repo/db/new/3.sql", "three\n");
    CHECK(scene.why_not() == "repo/db/new/ is untracked");
  }
  SUBCASE("deleted") {
    fs::remove(scene.folder / "repo/db/1.sql");
    CHECK(scene.why_not() == "repo/db/1.sql is deleted");
  }
  SUBCASE("deleted and staged") {
    scene.git("rm -q db/1.sql");
    CHECK(scene.why_not() == "repo/db/1.sql is staged and not committed");
  }
  SUBCASE("no longer tracked") {
    scene.git("rm -q --cached db/1.sql");
    CHECK(scene.why_not() == "repo/db/1.sql is untracked");
  }
  SUBCASE("renamed") {
    scene.git("mv db/1.sql db/0.sql");
    CHECK(scene.why_not() ==
          "repo/db/0.sql is staged and not committed, and 1 more differ from HEAD");
  }
  SUBCASE("a link now") {
    fs::remove(scene.folder / "repo/db/1.sql");
    link(scene.folder / "repo/db/1.sql", "sub/2.sql");
    CHECK(scene.why_not() == "repo/db/1.sql is modified");
  }
  SUBCASE("in conflict, when the merge itself is forgotten") {
    scene.diverge();
    CHECK_FALSE(scene.try_git("merge -q other"));
    fs::remove(scene.folder / "repo/.git/MERGE_HEAD");
    CHECK(scene.why_not() == "repo/db/1.sql is in conflict");
  }
  SUBCASE("hidden from git's eyes") {
    scene.git("update-index --assume-unchanged db/1.sql");
    CHECK(scene.why_not() ==
          "repo/db/1.sql is not looked at by git (marked assume-unchanged or skip-worktree)");
  }
  SUBCASE("left out of a sparse checkout") {
    scene.git("update-index --skip-worktree db/sub/2.sql");
    fs::remove(scene.folder / "repo/db/sub/2.sql");
    CHECK(scene.why_not() ==
          "repo/db/sub/2.sql is not looked at by git (marked assume-unchanged or skip-worktree)");
  }
  SUBCASE("one of several: the first by its path, and how many more") {
    write(scene.folder / "repo/db/9.sql", "nine\n");
    write(scene.folder / "repo/db/sub/2.sql", "new\n");
    fs::remove(scene.folder / "repo/db/1.sql");
    CHECK(scene.why_not() == "repo/db/1.sql is deleted, and 2 more differ from HEAD");
  }
  SUBCASE("with a name that would write on a terminal") {
    write(scene.folder / "repo/db/\x1b[2J.sql", "");
    CHECK(scene.why_not() == "repo/db/\\x1b[2J.sql is untracked");
  }
}

TEST_CASE("a change outside the root is no difference") {
  const Scene scene;
  write(scene.folder / "repo/elsewhere/x.txt", "new\n");
  write(scene.folder / "repo/db2/1.sql", "new\n");
  write(scene.folder / "repo/new.txt", "new\n");
  CHECK(scene.why_not() == "");
  CHECK(scene.why_not("repo") != "");
}

TEST_CASE("nothing outside the root is walked through") {
  const Scene scene;
  CHECK_FALSE(opens(scene.folder / "repo/elsewhere", [&] { CHECK(scene.why_not() == ""); }));
  CHECK(opens(scene.folder / "repo/elsewhere", [&] { CHECK(scene.why_not("repo") == ""); }));
}

TEST_CASE("a root's name is no pattern") {
  const Scene scene;
  write(scene.folder / "repo/d[a-z]*/1.sql", "one\n");
  scene.commit();
  write(scene.folder / "repo/db/1.sql", "new\n");
  CHECK(scene.why_not("repo/d[a-z]*") == "");
  write(scene.folder / "repo/d[a-z]*/2.sql", "two\n");
  CHECK(scene.why_not("repo/d[a-z]*") == "repo/d[a-z]*/2.sql is untracked");
}

TEST_CASE("what git ignores is no difference, unless it is one of the files that are asked for") {
  const Scene scene;
  write(scene.folder / "repo/.gitignore", "*.swp\ndraft*\nbuild/\n");
  scene.commit();
  write(scene.folder / "repo/db/1.swp", "");
  write(scene.folder / "repo/db/draft.sql", "");
  write(scene.folder / "repo/db/drafts/3.sql", "");
  write(scene.folder / "repo/build/4.sql", "");
  link(scene.folder / "repo/db/5.sql", "draft.sql");
  scene.commit();
  CHECK(scene.why_not() == "");
  CHECK(scene.why_not("repo/db", {"1.sql", "not/there.sql"}) == "");
  CHECK(scene.why_not("repo/db", {"1.sql", "draft.sql"}) == "repo/db/draft.sql is not committed");
  CHECK(scene.why_not("repo/db", {"drafts/3.sql"}) == "repo/db/drafts/3.sql is not committed");
  CHECK(scene.why_not("repo/db", {"5.sql"}) == "repo/db/draft.sql is not committed");
  CHECK(scene.why_not("repo/build") == "repo/build: is not committed");
}

TEST_CASE("every root has to be complete") {
  const Scene scene;
  write(scene.folder / "repo/elsewhere/new.sql", "new\n");
  const auto db = scene.folder.root("repo/db");
  const auto elsewhere = scene.folder.root("repo/elsewhere");
  CHECK(is_complete({db}, {}));
  CHECK_FALSE(is_complete({db, elsewhere}, {}));
  CHECK_FALSE(is_complete({elsewhere, db}, {}));
}

TEST_CASE("a root may be a link") {
  const Scene scene;
  link(scene.folder / "current", "repo/db");
  CHECK(scene.why_not("current", {"1.sql"}) == "");
  write(scene.folder / "repo/db/1.sql", "new\n");
  CHECK(scene.why_not("current") == "repo/db/1.sql is modified");
}

TEST_CASE("a work tree without a commit is not complete, and one with a detached HEAD is") {
  const Scene scene;
  scene.git("checkout -q --detach");
  CHECK(scene.why_not() == "");
  scene.git("checkout -q --orphan empty");
  CHECK(scene.why_not() == "repo/db: its git work tree has no commit yet");
}

TEST_CASE("while git is in the middle of something nothing is complete") {
  const Scene scene;
  scene.diverge();
  SUBCASE("merge") {
    CHECK_FALSE(scene.try_git("merge -q other"));
    CHECK(scene.why_not() == "repo/db: a merge is in progress");
    CHECK(scene.why_not("repo/elsewhere") == "repo/elsewhere: a merge is in progress");
  }
  SUBCASE("rebase") {
    CHECK_FALSE(scene.try_git("rebase -q other"));
    CHECK(scene.why_not() == "repo/db: a rebase is in progress");
  }
  SUBCASE("a rebase that stopped where nothing differs") {
    scene.try_git("-c sequence.editor='sed -i 1ibreak' rebase -q -i HEAD~1");
    CHECK(scene.why_not() == "repo/db: a rebase is in progress");
  }
  SUBCASE("am") {
    scene.git("format-patch -q -1 other -o ..");
    CHECK_FALSE(scene.try_git("am -q ../0001-x.patch"));
    CHECK(scene.why_not() == "repo/db: an am or a rebase is in progress");
  }
  SUBCASE("cherry-pick") {
    CHECK_FALSE(scene.try_git("cherry-pick other"));
    CHECK(scene.why_not() == "repo/db: a cherry-pick is in progress");
  }
  SUBCASE("revert") {
    scene.git("revert --no-commit HEAD");
    CHECK(scene.why_not() == "repo/db: a revert is in progress");
  }
  SUBCASE("bisect") {
    scene.git("bisect start");
    CHECK(scene.why_not() == "repo/db: a bisect is in progress");
  }
  SUBCASE("its index is locked") {
    write(scene.folder / "repo/.git/index.lock", "");
    CHECK(scene.why_not() == "repo/db: git is at work: its index is locked");
  }
}

TEST_CASE("a linked work tree is asked for itself") {
  const Scene scene;
  scene.git("worktree add -q --detach ../linked");
  CHECK(scene.why_not("linked/db") == "");
  write(scene.folder / "repo/db/1.sql", "new\n");
  write(scene.folder / "repo/.git/index.lock", "");
  CHECK(scene.why_not("linked/db") == "");
  write(scene.folder / "linked/db/1.sql", "new\n");
  CHECK(scene.why_not("linked/db") == "linked/db/1.sql is modified");
  write(scene.folder / "repo/.git/worktrees/linked/index.lock", "");
  CHECK(scene.why_not("linked/db") == "linked/db: git is at work: its index is locked");
}

TEST_CASE("a submodule is looked into, whatever the repository says of it") {
  const Scene scene;
  fs::create_directory(scene.folder / "module");
  scene.git("init -q", "module");
  write(scene.folder / "module/m/1.sql", "one\n");
  scene.commit("module");
  scene.git("submodule add -q ../module db/module");
  scene.git("config -f .gitmodules submodule.db/module.ignore all");
  scene.git("config submodule.db/module.ignore all");
  scene.commit();
  const auto why = [&] {
    return std::array{scene.why_not("repo/db"), scene.why_not("repo/db/module/m")};
  };
  CHECK(why() == std::array<std::string, 2>{"", ""});
  CHECK(scene.why_not("repo/db", {"module/m/1.sql"}) == "");
  SUBCASE("a file in it is modified") {
    write(scene.folder / "repo/db/module/m/1.sql", "new\n");
    const std::string modified = "repo/db/module/m/1.sql is modified";
    CHECK(why() == std::array{modified, modified});
  }
  SUBCASE("a file in it is untracked") {
    write(scene.folder / "repo/db/module/m/2.sql", "new\n");
    const std::string untracked = "repo/db/module/m/2.sql is untracked";
    CHECK(why() == std::array{untracked, untracked});
  }
  SUBCASE("it has another commit than the repository says") {
    write(scene.folder / "repo/db/module/m/2.sql", "new\n");
    scene.commit("repo/db/module");
    CHECK(why() ==
          std::array<std::string, 2>{"repo/db/module: is a submodule at another commit", ""});
  }
  SUBCASE("it has a newer commit that is staged") {
    write(scene.folder / "repo/db/module/m/2.sql", "new\n");
    scene.commit("repo/db/module");
    scene.git("add -f db/module");
    CHECK(scene.why_not() == "repo/db/module is staged and not committed");
  }
  SUBCASE("it is not checked out") {
    scene.git("submodule deinit -q -f db/module");
    CHECK(scene.why_not() == "repo/db/module: is a submodule that is not there");
  }
}

TEST_CASE("a repository below the root that is no submodule is untracked") {
  const Scene scene;
  fs::create_directory(scene.folder / "repo/db/strange");
  scene.git("init -q", "repo/db/strange");
  write(scene.folder / "repo/db/strange/3.sql", "three\n");
  scene.commit("repo/db/strange");
  CHECK(scene.why_not() == "repo/db/strange/ is untracked");
  write(scene.folder / "repo/.git/info/exclude", "strange\n");
  CHECK(scene.why_not() == "");
  CHECK(scene.why_not("repo/db", {"strange/3.sql"}) == "repo/db/strange/3.sql is not committed");
  fs::create_directory(scene.folder / "repo/db/unborn");
  scene.git("init -q", "repo/db/unborn");
  write(scene.folder / "repo/db/unborn/3.sql", "three\n");
  CHECK(scene.why_not() == "repo/db/unborn/ is untracked");
  fs::remove_all(scene.folder / "repo/db/unborn");
  scene.git("worktree add -q --detach db/linked");
  CHECK(scene.why_not() == "repo/db/linked/ is untracked");
}

TEST_CASE("line ends that git itself converts are no difference") {
  const Scene scene;
  write(scene.folder / "repo/.gitattributes", "*.sql text eol=crlf\n");
  scene.commit();
  fs::remove_all(scene.folder / "repo/db");
  scene.git("checkout -q -- db");
  CHECK(fs::file_size(scene.folder / "repo/db/1.sql") == 5);
  CHECK(scene.why_not() == "");
  // Written anew, so that its times say nothing.
  write(scene.folder / "repo/db/1.sql", "one\r\n");
  CHECK(scene.why_not() == "");

  scene.git("config core.autocrlf true");
  write(scene.folder / "repo/.gitattributes", "");
  write(scene.folder / "repo/db/sub/2.sql", "two\r\n");
  CHECK(scene.why_not() == "");
}

TEST_CASE("the marker makes a folder complete, and a link or a folder of that name does not") {
  const Scene scene;
  write(scene.folder / "plain/1.sql", "one\n");
  const std::string is_not = "plain: is in no git work tree and has no .complete";
  CHECK(scene.why_not("plain") == is_not);
  link(scene.folder / "plain/.complete", "1.sql");
  CHECK(scene.why_not("plain") == is_not);
  fs::remove(scene.folder / "plain/.complete");
  fs::create_directory(scene.folder / "plain/.complete");
  CHECK(scene.why_not("plain") == is_not);
  fs::remove(scene.folder / "plain/.complete");
  write(scene.folder / "plain/.complete", "");
  CHECK(scene.why_not("plain", {"1.sql"}) == "");
  // Above it or in a work tree it says the same, and only of its own folder.
  write(scene.folder / "plain/sub/1.sql", "one\n");
  CHECK(scene.why_not("plain/sub") == "plain/sub: is in no git work tree and has no .complete");
  write(scene.folder / "repo/db/3.sql", "three\n");
  write(scene.folder / "repo/db/.complete", "");
  CHECK(scene.why_not("repo/db", {"3.sql"}) == "");
}

TEST_CASE("what is not there, a bare repository and a broken one are not complete") {
  const Scene scene;
  CHECK(scene.why_not("repo/gone") == "repo/gone: is not there");
  scene.git("clone -q --bare repo bare", ".");
  CHECK(scene.why_not("bare/objects") ==
        "bare/objects: is in no git work tree and has no .complete");
  // Its files are said to be elsewhere.
  scene.git("config core.worktree " + scene.folder.root("bare"));
  CHECK(scene.why_not() == "repo/db: is in no git work tree and has no .complete");
  scene.git("config --unset core.worktree");
  write(scene.folder / "repo/.git/index", "garbage");
  CHECK(scene.why_not().starts_with("repo/db: git cannot be asked: "));
}

TEST_CASE("somebody else's repository is read") {
  const Scene scene;
  if (::geteuid() != 0) {
    MESSAGE("only root can give files away");
    return;
  }
  REQUIRE(shell("chown -R 12345:12345 '" + scene.folder.root("repo") + "'"));
  CHECK(scene.why_not() == "");
  write(scene.folder / "repo/db/1.sql", "new\n");
  CHECK(scene.why_not() == "repo/db/1.sql is modified");
}

TEST_CASE("no program that a repository names is run") {
  const Scene scene;
  const auto ran = scene.folder / "ran";
  const auto program = scene.folder.root("program");
  write(program, "#!/bin/sh\ntouch '" + ran.string() + "'\ncat\n");
  fs::permissions(program, fs::perms::owner_all);
  write(scene.folder / "repo/.gitattributes", "* filter=f diff=d ident text\n");
  scene.commit();
  for (const auto* key : {"core.fsmonitor",
                          "filter.f.clean",
                          "filter.f.smudge",
                          "filter.f.process",
                          "diff.d.command",
                          "diff.d.textconv",
                          "diff.external",
                          "core.editor",
                          "core.pager",
                          "core.sshCommand",
                          "core.askPass",
                          "core.alternateRefsCommand",
                          "credential.helper",
                          "uploadpack.packObjectsHook"}) {
    scene.git("config " + std::string(key) + " " + program);
  }
  scene.git("config filter.f.required true");
  scene.git("config core.hooksPath " + scene.folder.root("hooks"));
  for (const auto* hook : {"post-index-change", "fsmonitor-watchman", "reference-transaction"}) {
    fs::create_directories(scene.folder / "hooks");
    fs::copy_file(program, scene.folder.path() / "hooks" / hook);
  }
  // The same file written anew has to be read, through the filter if there was one.
  write(scene.folder / "repo/db/1.sql", "one\n");
  CHECK(scene.why_not() == "");
  write(scene.folder / "repo/db/1.sql", "new\n");
  CHECK(scene.why_not() == "repo/db/1.sql is modified");
  CHECK_FALSE(fs::exists(ran));
  // It would have been: git runs it.
  scene.try_git("status");
  CHECK(fs::exists(ran));
}
