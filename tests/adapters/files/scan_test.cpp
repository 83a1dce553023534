#include "adapters/files/scan.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <stop_token>
#include <thread>

#include "tests/adapters/files/support.h"

using namespace tidemark;
using namespace tidemark::files_test;
using namespace std::chrono_literals;

namespace {

using Strings = std::vector<std::string>;

ScanResult scanned(DirectoryScanner& scanner) {
  auto result = scanner.scan();
  REQUIRE_MESSAGE(result, result.error().detail);
  return *std::move(result);
}

ScanResult scanned(const TemporaryFolder& folder, const std::string& root = "m") {
  auto scanner = scanner_of({folder.root(root)});
  return scanned(scanner);
}

void socket_at(const fs::path& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::close(fd);
}

struct Mount {
  Mount(const fs::path& from, const fs::path& at)
      : at_(at.string()), done(::mount(from.c_str(), at.c_str(), nullptr, MS_BIND, nullptr) == 0) {}
  ~Mount() {
    if (done) {
      ::umount2(at_.c_str(), MNT_DETACH);
    }
  }
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;
  std::string at_;
  bool done;
};

}  // namespace

TEST_CASE("a scan finds files in all folders in a fixed order, with their hashes") {
  TemporaryFolder folder;
  write(folder / "m/b/2.sql", "two");
  write(folder / "m/1.sql", "one");
  write(folder / "m/b/c/3.sql", "three");
  write(folder / "m/README.md", "no migration");
  const auto result = scanned(folder);
  CHECK(names(result) == Strings{"1.sql", "b/2.sql", "b/c/3.sql"});
  CHECK(find(result, "b/2.sql")->content == content_of("two"));
  CHECK(result.layout == "own");
  CHECK(result.problems.empty());
}

TEST_CASE("nothing outside of the tree is ever read") {
  constexpr std::string_view secret = "-- root:$6$secret";
  TemporaryFolder folder;
  const auto m = folder / "m";
  write(folder / "secret.sql", secret);
  write(folder / "outside/9.sql", secret);
  write(m / "0.sql", "mine");
  write(m / "deep/4.sql", "mine too");

  link(m / "absolute.sql", folder.root("secret.sql"));
  link(m / "passwd.sql", "/etc/passwd");
  link(m / "up.sql", "../secret.sql");
  link(m / "deep/far_up.sql", "../../secret.sql");
  link(m / "in_and_out.sql", "deep/../../secret.sql");
  link(m / "way_up.sql", "../../../../../../../../etc/passwd");
  link(m / "via.sql", "up.sql");
  link(m / "folder_out", "../outside");
  link(m / "through.sql", "folder_out/9.sql");
  link(m / "slash", "/");
  link(m / "proc.sql", "/proc/self/environ");
  link(m / "root_of_process", "/proc/self/root");
  link(m / "circle.sql", "circle2.sql");
  link(m / "circle2.sql", "circle.sql");
  link(m / "dangling.sql", "nowhere.sql");
  link(m / "loop", ".");
  link(m / "deep/back", "..");
  ::mkfifo((m / "fifo.sql").c_str(), 0600);
  ::mkfifo((m / "fifo").c_str(), 0600);
  socket_at(m / "socket.sql");
  const bool device = ::mknod((m / "device.sql").c_str(), S_IFCHR | 0600, makedev(1, 5)) == 0;
  link(m / "to_fifo.sql", "fifo.sql");
  fs::create_directory(m / "mounted");
  write(m / "mounted.sql", "covered");
  const Mount over_folder(folder / "outside", m / "mounted");
  const Mount over_file(folder / "secret.sql", m / "mounted.sql");
  link(m / "into_mount.sql", "mounted/9.sql");
  fs::create_hard_link(m / "0.sql", m / "hard.sql");
  link(m / "good.sql", "deep/../0.sql");

  const auto result = scanned(folder);
  CHECK(find(result, "0.sql")->content == content_of("mine"));
  CHECK(find(result, "hard.sql")->content == content_of("mine"));
  CHECK(find(result, "good.sql")->content == content_of("mine"));
  Strings expected{"0.sql", "deep/4.sql", "good.sql", "hard.sql"};
  if (!over_folder.done || !over_file.done) {
    MESSAGE("mounts are not allowed here: their two traps are not set");
    expected.insert(expected.end(), {"into_mount.sql", "mounted.sql"});
    std::ranges::sort(expected);
  } else {
    CHECK(result.problems.size() == (device ? 22 : 21));
  }
  CHECK_FALSE(std::ranges::any_of(*result.files,
                                  [&](const auto& f) { return f.content == content_of(secret); }));
  const auto told = problems(result);
  for (const auto* trap : {"absolute.sql",
                           "passwd.sql",
                           "up.sql",
                           "deep/far_up.sql",
                           "in_and_out.sql",
                           "way_up.sql",
                           "via.sql",
                           "folder_out",
                           "through.sql",
                           "slash",
                           "proc.sql",
                           "root_of_process"}) {
    CHECK_MESSAGE(
        std::ranges::any_of(told,
                            [&](const auto& p) {
                              return p.starts_with(std::string(trap) +
                                                   ": is a link that leaves the directory");
                            }),
        trap);
  }
  for (const auto* trap : {"fifo.sql", "socket.sql", "to_fifo.sql"}) {
    CHECK(std::ranges::find(told, std::string(trap) + ": is not a regular file and is not read") !=
          told.end());
  }
  for (const auto& name : expected) {
    const auto bytes =
        read_file({{folder.root("m")}, {}}, name, find(result, name)->content.raw, hasty().read);
    CHECK_MESSAGE(bytes, bytes.error().detail);
  }
  if (over_folder.done && over_file.done) {
    CHECK_FALSE(
        read_file({{folder.root("m")}, {}}, "into_mount.sql", sha256(secret), hasty().read));
    CHECK_FALSE(read_file({{folder.root("m")}, {}}, "mounted.sql", sha256(secret), hasty().read));
  }
  for (const auto* path : {"up.sql",
                           "passwd.sql",
                           "../secret.sql",
                           "/etc/passwd",
                           "deep/../../secret.sql",
                           "through.sql",
                           "fifo.sql",
                           "socket.sql",
                           "loop",
                           "circle.sql",
                           "deep"}) {
    CHECK_FALSE_MESSAGE(read_file({{folder.root("m")}, {}}, path, sha256(secret), hasty().read),
                        path);
  }
}

TEST_CASE("names that nobody should choose are names like others") {
  TemporaryFolder folder;
  const Strings hostile{"-rf.sql",
                        "a\nb.sql",
                        "\x1b]0;pwned\a.sql",
                        "\xff\xfe.sql",
                        "\xe2\x80\xae"
                        "gnp.sql",
                        "CASE.sql",
                        "case.sql",
                        "%n%s.sql",
                        "\".sql",
                        "\\..sql",
                        " .sql",
                        std::string(251, 'x') + ".sql"};
  for (const auto& name : hostile) {
    write(folder / "m" / name, name);
  }
  const auto result = scanned(folder);
  auto expected = hostile;
  std::ranges::sort(expected);
  CHECK(names(result) == expected);
  for (const auto& file : *result.files) {
    CHECK(file.content == content_of(file.path));
  }
}

TEST_CASE("hidden files, dependencies and what `ignore` describes are left out") {
  TemporaryFolder folder;
  for (const auto* path : {"m/.git/hooks/1.sql",
                           "m/.hidden.sql",
                           "m/node_modules/a/1.sql",
                           "m/venv/1.sql",
                           "m/a/__pycache__/1.sql",
                           "m/draft/1.sql",
                           "m/a/draft/2.sql",
                           "m/a/3.sql",
                           "m/tmp4.sql"}) {
    write(folder / path, "x");
  }
  auto scanner = scanner_of({folder.root("m")}, {"**/draft/*", "tmp?.sql"});
  CHECK(names(scanned(scanner)) == Strings{"a/3.sql"});
}

TEST_CASE("who watches is told of a folder before it is looked into") {
  struct Busy final : FolderVisitor {
    void folder(int fd) override {
      FileDescriptor(::openat(fd, "late.sql", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    }
    void step(const std::string&, const std::string&) override {}
  } busy;
  TemporaryFolder folder;
  write(folder / "m/a/1.sql", "x");
  write(folder / "m/.b/2.sql", "y");
  link(folder / "m/b", ".b");
  auto scanner = scanner_of({folder.root("m")});
  const auto result = scanner.scan(&busy);
  REQUIRE(result);
  CHECK(names(*result) == Strings{"a/1.sql", "a/late.sql", "b/2.sql", "b/late.sql", "late.sql"});
}

TEST_CASE("a ConfigMap is read through its links, and anew when it is swapped") {
  TemporaryFolder folder;
  const auto m = folder / "m";
  write(m / "..2024_1/1.sql", "one");
  write(m / "..2024_1/sub/2.sql", "two");
  link(m / "..data", "..2024_1");
  link(m / "1.sql", "..data/1.sql");
  link(m / "sub", "..data/sub");
  auto scanner = scanner_of({folder.root("m")});
  const auto before = scanned(scanner);
  CHECK(names(before) == Strings{"1.sql", "sub/2.sql"});
  CHECK(before.problems.empty());

  write(m / "..2024_2/1.sql", "one, again");
  write(m / "..2024_2/sub/2.sql", "two");
  link(m / "..data_tmp", "..2024_2");
  fs::rename(m / "..data_tmp", m / "..data");
  fs::remove_all(m / "..2024_1");
  const auto after = scanned(scanner);
  CHECK(names(after) == names(before));
  CHECK(find(after, "1.sql")->content == content_of("one, again"));
  CHECK(find(after, "sub/2.sql")->content == content_of("two"));
}

TEST_CASE("a link to a folder that is listed anyway lists nothing twice") {
  TemporaryFolder folder;
  write(folder / "m/a/1.sql", "x");
  link(folder / "m/0", "a");
  link(folder / "m/latest", "a");
  link(folder / "m/a/self", ".");
  const auto result = scanned(folder);
  CHECK(names(result) == Strings{"a/1.sql"});
  CHECK(result.problems.empty());
}

TEST_CASE("the root may be a link that moves") {
  TemporaryFolder folder;
  write(folder / "releases/1/1.sql", "one");
  write(folder / "releases/2/1.sql", "two");
  link(folder / "current", "releases/1");
  auto scanner = scanner_of({folder.root("current")});
  CHECK(find(scanned(scanner), "1.sql")->content == content_of("one"));
  fs::remove(folder / "current");
  link(folder / "current", folder.root("releases/2"));
  CHECK(find(scanned(scanner), "1.sql")->content == content_of("two"));
}

TEST_CASE("several paths are one directory, and a file in two of them is a problem") {
  TemporaryFolder folder;
  write(folder / "a/1.sql", "of a");
  write(folder / "b/1.sql", "of b");
  write(folder / "b/2.sql", "two");
  auto scanner = scanner_of({folder.root("a"), folder.root("b")});
  const auto result = scanned(scanner);
  CHECK(names(result) == Strings{"1.sql", "2.sql"});
  CHECK(find(result, "1.sql")->content == content_of("of a"));
  CHECK(problems(result) ==
        Strings{"1.sql: is in several of the paths; the one in " + folder.root("a") + " counts"});
  // What is no migration may be in all of them.
  write(folder / "a/models.py", "of a");
  write(folder / "b/models.py", "of b");
  CHECK(problems(scanned(scanner)).size() == 1);
}

TEST_CASE("a missing root is a failure and never an empty directory") {
  TemporaryFolder folder;
  write(folder / "m/1.sql", "x");
  auto scanner = scanner_of({folder.root("m")});
  scanned(scanner);
  fs::rename(folder / "m", folder / "away");
  const auto gone = scanner.scan();
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == Errc::retry);
  CHECK(gone.error().detail == folder.root("m") + ": no such directory");
  write(folder / "m", "a file");
  const auto file = scanner.scan();
  REQUIRE_FALSE(file);
  CHECK(file.error().code == Errc::invalid);
}

TEST_CASE("a mount point that lost its file system is not an empty directory") {
  TemporaryFolder folder;
  write(folder / "m/keep", "");
  fs::remove(folder / "m/keep");
  auto scanner = scanner_of({folder.root("m")});
  if (::mount("none", folder.root("m").c_str(), "tmpfs", 0, "size=1m") != 0) {
    MESSAGE("mounts are not allowed here");
    return;
  }
  write(folder / "m/1.sql", "x");
  CHECK(names(scanned(scanner)) == Strings{"1.sql"});
  ::umount2(folder.root("m").c_str(), 0);
  for (int i = 0; i < 2; ++i) {
    const auto result = scanner.scan();
    REQUIRE_FALSE(result);
    CHECK(result.error().detail.ends_with("was it unmounted?"));
  }
}

TEST_CASE("only what changed is hashed again") {
  TemporaryFolder folder;
  constexpr std::size_t count = 2'000;
  for (std::size_t i = 0; i < count; ++i) {
    write(folder / "m" / std::to_string(i % 50) / (std::to_string(i) + ".sql"), std::to_string(i));
  }
  auto scanner = scanner_of({folder.root("m")});
  let_it_age();
  CHECK(scanned(scanner).statistics.hashed == count);
  const auto second = scanned(scanner);
  CHECK(second.statistics.hashed == 0);
  CHECK(second.statistics.reused == count);
  const auto unchanged = scanned(scanner);
  CHECK(unchanged.files == second.files);  // the same, not equal ones
  CHECK(unchanged.fingerprint == second.fingerprint);
  const auto modified = fs::last_write_time(folder / "m/7/7.sql");
  write(folder / "m/7/7.sql", "8");  // as long as before
  fs::last_write_time(folder / "m/7/7.sql", modified);
  let_it_age();
  const auto third = scanned(scanner);
  CHECK(third.statistics.hashed == 1);
  CHECK(find(third, "7/7.sql")->content == content_of("8"));
  CHECK(third.fingerprint != second.fingerprint);
  CHECK(find(second, "7/7.sql")->content == content_of("7"));
  fs::remove(folder / "m/8/8.sql");
  CHECK(scanned(scanner).files->size() == count - 1);
  write(folder / "m/8/8.sql", "8");
  scanner.forget();
  CHECK(scanned(scanner).statistics.hashed == count);
}

TEST_CASE("a file that was read right after it changed is hashed again") {
  TemporaryFolder folder;
  write(folder / "m/1.sql", "x");
  auto limits = hasty();
  limits.racy = 1h;
  DirectoryScanner scanner({{folder.root("m")}, {}}, every_sql_file, limits);
  CHECK(scanned(scanner).statistics.hashed == 1);
  CHECK(scanned(scanner).statistics.hashed == 1);
}

TEST_CASE("what a file holds is hashed as it is, whatever it is") {
  TemporaryFolder folder;
  const std::vector<std::pair<std::string, std::string>> contents{{"lf", "a\nb\n"},
                                                                  {"crlf", "a\r\nb\r\n"},
                                                                  {"cr", "a\rb\r"},
                                                                  {"mixed", "a\r\nb\n"},
                                                                  {"bom",
                                                                   "\xEF\xBB\xBF"
                                                                   "a\nb\n"},
                                                                  {"bom_crlf",
                                                                   "\xEF\xBB\xBF"
                                                                   "a\r\nb\r\n"},
                                                                  {"no_end", "a\nb"},
                                                                  {"utf16",
                                                                   std::string("\xFF\xFE"
                                                                               "a\0\n\0",
                                                                               6)},
                                                                  {"latin1", "caf\xE9\n"},
                                                                  {"nul", std::string("a\0b", 3)},
                                                                  {"empty", ""}};
  for (const auto& [name, text] : contents) {
    write(folder / "m" / (name + ".sql"), text);
  }
  const auto result = scanned(folder);
  for (const auto& [name, text] : contents) {
    CHECK_MESSAGE(find(result, name + ".sql")->content == content_of(text), name);
  }
  const auto content = [&](const char* name) {
    return find(result, std::string(name) + ".sql")->content;
  };
  for (const auto* name : {"crlf", "cr", "mixed", "bom", "bom_crlf"}) {
    CHECK_MESSAGE(same_but_for_line_endings(content("lf"), content(name)), name);
  }
  for (const auto* name : {"no_end", "utf16", "latin1", "nul", "empty"}) {
    CHECK_FALSE_MESSAGE(same_but_for_line_endings(content("lf"), content(name)), name);
  }
}

TEST_CASE("a file too large to be held is recorded by its hash alone") {
  TemporaryFolder folder;
  write(folder / "m/1.sql", "");
  fs::resize_file(folder / "m/1.sql", 3 * 1024 * 1024 + 7);
  write(folder / "m/dump.bin", std::string(2 * 1024 * 1024, 'x'));
  auto limits = hasty();
  limits.read.held = 1024 * 1024;
  bool asked_with_bytes = false;
  const ChooseLayout choose = [&](std::span<const std::string> paths, const ReadHead& head) {
    auto layout = every_sql_file(paths, head);
    layout->entries = [&](std::string_view, std::string_view) {
      asked_with_bytes = true;
      return std::vector<FileEntry>();
    };
    return layout;
  };
  DirectoryScanner scanner({{folder.root("m")}, {}}, choose, limits);
  const auto result = scanned(scanner);
  REQUIRE(names(result) == Strings{"1.sql"});
  CHECK(result.files->front().content == content_of(std::string(3 * 1024 * 1024 + 7, '\0')));
  CHECK(result.statistics.hashed == 1);
  CHECK_FALSE(asked_with_bytes);
  const auto bytes =
      read_file({{folder.root("m")}, {}}, "1.sql", result.files->front().content.raw, limits.read);
  REQUIRE_FALSE(bytes);
  CHECK(bytes.error().code == Errc::invalid);
}

TEST_CASE("trees that are too deep or too full are told") {
  TemporaryFolder folder;
  auto limits = hasty();
  limits.walk = {3, 10};
  write(folder / "m/a/b/c/1.sql", "x");
  write(folder / "m/a/b/c/d/2.sql", "x");
  DirectoryScanner scanner({{folder.root("m")}, {}}, every_sql_file, limits);
  const auto result = scanned(scanner);
  CHECK(names(result) == Strings{"a/b/c/1.sql"});
  CHECK(problems(result) == Strings{"a/b/c/d: is nested too deeply and is not read"});
  for (int i = 0; i < 10; ++i) {
    write(folder / "m" / (std::to_string(i) + ".sql"), "x");
  }
  const auto full = scanner.scan();
  REQUIRE_FALSE(full);
  CHECK(full.error().code == Errc::invalid);
  CHECK(full.error().detail.find("more than 10 files") != std::string::npos);
}

TEST_CASE("stored bytes are those that were scanned, or a conflict") {
  TemporaryFolder folder;
  write(folder / "a/1.sql", "one");
  write(folder / "b/s/2.sql", "two");
  const RepoPaths paths{{folder.root("a"), folder.root("b")}, {}};
  const auto bytes = read_file(paths, "s/2.sql", sha256("two"), hasty().read);
  REQUIRE(bytes);
  CHECK(*bytes == "two");
  write(folder / "b/s/2.sql", "TWO");
  const auto changed = read_file(paths, "s/2.sql", sha256("two"), hasty().read);
  REQUIRE_FALSE(changed);
  CHECK(changed.error().code == Errc::conflict);
  const auto gone = read_file(paths, "3.sql", sha256("two"), hasty().read);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == Errc::not_found);
}

TEST_CASE("a piece of a file is what it was, whatever happens around it, or a conflict") {
  TemporaryFolder folder;
  write(folder / "m/all.sql", "one two three");
  const RepoPaths paths{{folder.root("m")}, {}};
  const auto read_piece = [](const RepoPaths& in, const std::string& path, Piece piece, Digest is) {
    return PieceReader(in, hasty().read).read(path, piece, is);
  };
  const auto piece = read_piece(paths, "all.sql", {4, 3}, sha256("two"));
  REQUIRE(piece);
  CHECK(*piece == "two");
  const auto nothing = read_piece(paths, "all.sql", {13, 0}, sha256(""));
  REQUIRE(nothing);
  CHECK(nothing->empty());
  for (const Piece other : {Piece{5, 3}, Piece{11, 3}, Piece{14, 0}, Piece{UINT64_MAX, 3}}) {
    const auto changed = read_piece(paths, "all.sql", other, sha256("two"));
    REQUIRE_FALSE(changed);
    CHECK(changed.error().code == Errc::conflict);
  }
  write(folder / "m/all.sql", "ONE two");
  CHECK(read_piece(paths, "all.sql", {4, 3}, sha256("two")).has_value());
  const auto gone = read_piece(paths, "no.sql", {4, 3}, sha256("two"));
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == Errc::not_found);
}

TEST_CASE(
    "pieces of one file cost one reading, as long as they are asked for one after the other") {
  constexpr std::size_t pieces = 4'000;
  TemporaryFolder folder;
  std::string text;
  for (std::size_t i = 0; i < pieces; ++i) {
    text += std::to_string(10'000 + i);
  }
  write(folder / "m/a.sql", text);
  write(folder / "m/b.sql", text);
  PieceReader reader({{folder.root("m")}, {}}, hasty().read);
  for (std::size_t i = 0; i < pieces; ++i) {
    const auto piece = reader.read("a.sql", {5 * i, 5}, sha256(std::to_string(10'000 + i)));
    REQUIRE(piece);
    REQUIRE(*piece == std::to_string(10'000 + i));
  }
  CHECK(reader.files_read() == 1);
  CHECK(reader.read("b.sql", {0, 5}, sha256("10000")).has_value());
  CHECK(reader.read("a.sql", {0, 5}, sha256("10000")).has_value());
  CHECK(reader.files_read() == 3);
  const auto other = reader.read("a.sql", {0, 5}, sha256("x"));
  REQUIRE_FALSE(other);
  CHECK(other.error().code == Errc::conflict);
}

TEST_CASE("names of a root that a layout wants in front of its files keep those of several apart") {
  const auto choose = [](std::span<const std::string> paths,
                         const ReadHead& head) -> Result<Layout> {
    auto layout = every_sql_file(paths, head);
    if (layout) {
      layout->names_above = [](std::string_view root, std::string_view path) {
        const bool inside = path.find('/') == std::string_view::npos;
        return inside ? std::string(root.substr(root.rfind('/') + 1)) + "/" : std::string();
      };
    }
    return layout;
  };
  TemporaryFolder folder;
  write(folder / "z/users/1.sql", "u");
  write(folder / "a/orders/1.sql", "o");
  write(folder / "a/orders/sub/2.sql", "s");
  write(folder / "a/orders/orders/1.sql", "other");
  const RepoPaths paths{{folder.root("z/users"), folder.root("a/orders")}, {}};
  DirectoryScanner scanner(paths, choose, hasty());
  let_it_age();
  auto result = *scanner.scan();
  CHECK(names(result) == Strings{"orders/1.sql", "sub/2.sql", "users/1.sql"});
  for (const auto& file : *result.files) {
    CHECK_MESSAGE(read_file(paths, file.path, file.content.raw, hasty().read), file.path);
  }
  CHECK(find(result, "users/1.sql")->content.raw == sha256("u"));
  CHECK(problems(result).size() == 1);  // orders/1.sql twice
  CHECK_FALSE(read_file(paths, "orders/1.sql", sha256("u"), hasty().read));

  result = *scanner.scan();
  CHECK(result.statistics.hashed == 0);
  write(folder / "z/users/1.sql", "changed");
  result = *scanner.scan();
  CHECK(result.statistics.hashed == 1);
  CHECK(find(result, "users/1.sql")->content.raw == sha256("changed"));
}

TEST_CASE("git is busy while its index is locked, in a work tree, a linked one, and nowhere else") {
  TemporaryFolder folder;
  write(folder / "repo/.git/HEAD", "");
  write(folder / "repo/db/m/1.sql", "x");
  write(folder / "repo/.git/worktrees/w/HEAD", "");
  write(folder / "w/.git", "gitdir: " + folder.root("repo/.git/worktrees/w") + "\n");
  write(folder / "w/db/m/1.sql", "x");
  link(folder / "current", "repo/db/m");
  CHECK_FALSE(scanned(folder, "repo/db/m").git_busy);
  write(folder / "repo/.git/index.lock", "");
  CHECK(scanned(folder, "repo/db/m").git_busy);
  CHECK(scanned(folder, "current").git_busy);
  CHECK_FALSE(scanned(folder, "w/db/m").git_busy);
  write(folder / "repo/.git/worktrees/w/index.lock", "");
  CHECK(scanned(folder, "w/db/m").git_busy);
}

TEST_CASE("a file that cannot be read counts as what was last read of it") {
  TemporaryFolder folder;
  write(folder / "m/1.sql", "x");
  write(folder / "m/sub/2.sql", "y");
  ::chmod(folder.path().c_str(), 0755);
  auto scanner = scanner_of({folder.root("m")});
  scanned(scanner);
  ::chmod((folder / "m/1.sql").c_str(), 0);
  ::chmod((folder / "m/sub").c_str(), 0);
  let_it_age();
  const bool root = ::geteuid() == 0;
  if (root) {
    REQUIRE(::seteuid(65534) == 0);
  }
  const auto result = scanner.scan();
  if (root) {
    REQUIRE(::seteuid(0) == 0);
  }
  ::chmod((folder / "m/sub").c_str(), 0755);
  REQUIRE_MESSAGE(result, result.error().detail);
  CHECK(names(*result) == Strings{"1.sql", "sub/2.sql"});
  CHECK(find(*result, "1.sql")->content == content_of("x"));
  CHECK(problems(*result) == Strings{"1.sql: cannot be read: Permission denied",
                                     "sub: cannot be read: Permission denied"});
}

TEST_CASE("the layout is chosen by the paths, and anew only when they change") {
  TemporaryFolder folder;
  write(folder / "m/1.sql", "x");
  int asked = 0;
  std::string name = "own";
  const ChooseLayout choose = [&](std::span<const std::string> paths,
                                  const ReadHead& head) -> Result<Layout> {
    ++asked;
    if (paths.size() > 2) {
      return fail(Errc::invalid, "flyway or own?");
    }
    auto layout = every_sql_file(paths, head);
    layout->name = name;
    return layout;
  };
  DirectoryScanner scanner({{folder.root("m")}, {}}, choose, hasty());
  let_it_age();
  CHECK(scanned(scanner).layout == "own");
  CHECK(scanned(scanner).statistics.hashed == 0);
  CHECK(asked == 1);
  name = "flyway";
  write(folder / "m/2.sql", "y");
  const auto other = scanned(scanner);
  CHECK(other.layout == "flyway");
  CHECK(other.statistics.hashed == 2);
  write(folder / "m/3.sql", "z");
  const auto undecided = scanner.scan();
  REQUIRE_FALSE(undecided);
  CHECK(undecided.error().detail == "flyway or own?");
}

TEST_CASE("a file that changed a moment ago is not believed yet, it may be half written") {
  TemporaryFolder folder;
  write(folder / "m/1.sql", "x");
  auto limits = hasty();
  limits.read.young = 100ms;
  DirectoryScanner scanner({{folder.root("m")}, {}}, every_sql_file, limits);
  const auto first = scanned(scanner);
  CHECK(first.unsteady == Strings{"1.sql"});
  CHECK(names(first).empty());
  CHECK(problems(first) == Strings{"1.sql: was written while it was read"});
  std::this_thread::sleep_for(150ms);
  CHECK(find(scanned(scanner), "1.sql")->content == content_of("x"));
  write(folder / "m/1.sql", "y");
  const auto third = scanned(scanner);
  CHECK(third.unsteady == Strings{"1.sql"});
  CHECK(find(third, "1.sql")->content == content_of("x"));
}

TEST_CASE("what is put in a file's place between the listing and the reading is not read") {
  TemporaryFolder folder;
  write(folder / "secret", "secret");
  write(folder / "m/1.sql", "one");
  write(folder / "m/2.sql", "two");
  write(folder / "m/3.sql", "three");
  const auto swap = [&](std::span<const std::string> paths, const ReadHead& head) {
    fs::remove(folder / "m/1.sql");
    link(folder / "m/1.sql", "../secret");
    write(folder / "m/new", "another");
    fs::rename(folder / "m/new", folder / "m/2.sql");
    return every_sql_file(paths, head);
  };
  DirectoryScanner scanner({{folder.root("m")}, {}}, swap, hasty());
  let_it_age();
  const auto result = scanned(scanner);
  CHECK(names(result) == Strings{"3.sql"});
  CHECK(result.unsteady == Strings{"1.sql", "2.sql"});
  CHECK(problems(result) == Strings{"1.sql: cannot be read: Too many levels of symbolic links",
                                    "2.sql: was written while it was read"});
}

TEST_CASE("what goes wrong while many files are read fails the scan, on whichever thread") {
  TemporaryFolder folder;
  for (int i = 0; i < 600; ++i) {
    write(folder / "m" / (std::to_string(i) + ".sql"), "x");
  }
  std::string bad;
  const auto choose = [&](std::span<const std::string> paths, const ReadHead& head) {
    auto layout = every_sql_file(paths, head);
    layout->entries = [&, usual = layout->entries](std::string_view path, std::string_view bytes) {
      return path == bad ? throw std::runtime_error("no memory") : usual(path, bytes);
    };
    return layout;
  };
  DirectoryScanner scanner({{folder.root("m")}, {}}, choose, hasty());
  let_it_age();
  for (const auto* file : {"0.sql", "99.sql"}) {
    bad = file;
    const auto failed = scanner.scan();
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == Errc::internal);
  }
  bad.clear();
  CHECK(scanned(scanner).files->size() == 600);
}

TEST_CASE("a file that is being written is seen as one of its versions or as unsteady") {
  for (const std::uint64_t held : {16U << 20U, 1U << 20U}) {  // in memory as a whole, and in pieces
    const auto seen = scan_while_written(1s, 4U << 20U, held);
    CHECK(seen.torn == 0);
    CHECK(seen.whole > 0);
    CHECK(seen.unsteady > 0);
  }
}

TEST_CASE("two scans with the same content have the same fingerprint, others have not") {
  TemporaryFolder folder;
  write(folder / "m/1.sql", "x");
  auto scanner = scanner_of({folder.root("m")});
  const auto first = scanned(scanner).fingerprint;
  CHECK(scanned(scanner).fingerprint == first);
  write(folder / "m/1.sql", "y");
  const auto edited = scanned(scanner).fingerprint;
  CHECK(edited != first);
  link(folder / "m/2.sql", "nowhere");
  CHECK(scanned(scanner).fingerprint != edited);
}

TEST_CASE("a file that could never be read is not one that is gone") {
  TemporaryFolder folder;
  write(folder / "m/1.sql", "x");
  write(folder / "m/2.sql", "y");
  write(folder / "m/sub/3.sql", "z");
  ::chmod(folder.path().c_str(), 0755);
  ::chmod((folder / "m/1.sql").c_str(), 0);
  let_it_age();
  const auto as_nobody = [&] {
    const bool root = ::geteuid() == 0;
    if (root) {
      REQUIRE(::seteuid(65534) == 0);
    }
    auto result = scanned(folder);
    if (root) {
      REQUIRE(::seteuid(0) == 0);
    }
    return result;
  };
  auto result = as_nobody();
  CHECK(names(result) == Strings{"2.sql", "sub/3.sql"});
  CHECK(result.unread.may_hold({"1.sql"}));
  CHECK_FALSE(result.unread.may_hold({"4.sql"}));

  ::chmod((folder / "m/sub").c_str(), 0);
  result = as_nobody();
  ::chmod((folder / "m/sub").c_str(), 0755);
  CHECK(result.unread.may_hold({"sub/3.sql"}));
}

TEST_CASE("a part of a whole that could never be read may hold anything") {
  TemporaryFolder folder;
  write(folder / "m/1.sql", "x");
  ::chmod(folder.path().c_str(), 0755);
  ::chmod((folder / "m/1.sql").c_str(), 0);
  let_it_age();
  const auto parts = [](std::span<const std::string> paths, const ReadHead& head) {
    auto layout = every_sql_file(paths, head);
    layout->entries_by_name = [by_name = layout->entries_by_name](std::string_view path) {
      auto entries = by_name(path);
      for (auto& entry : entries) {
        entry.role = FileEntry::Role::part;
      }
      return entries;
    };
    return layout;
  };
  DirectoryScanner scanner({{folder.root("m")}, {}}, parts, hasty());
  const bool root = ::geteuid() == 0;
  if (root) {
    REQUIRE(::seteuid(65534) == 0);
  }
  const auto result = scanned(scanner);
  if (root) {
    REQUIRE(::seteuid(0) == 0);
  }
  CHECK(result.unread.may_hold({"whatever is in 1.sql"}));
}

TEST_CASE("a scan that is told to stop ends soon, whatever the size of the file it is at") {
  TemporaryFolder folder;
  write(folder / "m/1.sql", "x");
  write(folder / "m/2.sql", "");
  fs::resize_file(folder / "m/2.sql", 100ULL << 30U);  // a hole: minutes of hashing
  auto scanner = scanner_of({folder.root("m")});
  std::stop_source stop;
  const std::jthread stopper([&stop] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    stop.request_stop();
  });
  const auto began = std::chrono::steady_clock::now();
  const auto stopped = scanner.scan(nullptr, stop.get_token());
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().code == Errc::cancelled);
  fs::remove(folder / "m/2.sql");
  CHECK(names(scanned(scanner)) == Strings{"1.sql"});
}

TEST_CASE("files that look like nobody's any more are told at each scan, until they do again") {
  TemporaryFolder folder;
  write(folder / "m/1.sql", "mine");
  const auto choose = [](std::span<const std::string> paths,
                         const ReadHead& head) -> Result<Layout> {
    if (head("1.sql") != "mine") {
      return fail(Errc::invalid, "ambiguous");
    }
    return every_sql_file(paths, head);
  };
  DirectoryScanner scanner({{folder.root("m")}, {}}, choose, hasty());
  let_it_age();
  CHECK(scanner.scan());
  write(folder / "m/1.sql", "others'");
  let_it_age();
  CHECK_FALSE(scanner.scan());
  CHECK_FALSE(scanner.scan());
  write(folder / "m/1.sql", "mine");
  let_it_age();
  CHECK(names(scanned(scanner)) == Strings{"1.sql"});
}
