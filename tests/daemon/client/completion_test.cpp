#include "daemon/client/completion/completion.h"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/daemon/client/fakes.h"
#include "tests/daemon/client/program.h"
#include "tests/daemon/client/samples.h"

using namespace tidemark;
using namespace tidemark::client;

namespace {

const std::string program = TIDEMARK_PROGRAM;

std::string script(const std::string& shell) {
  FakeDaemon daemon;
  FakeConsole console;
  REQUIRE(typed({"completion", shell}, daemon, console) == Exit::done);
  CHECK(daemon.requests.empty());
  return console.output;
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

// What bash offers for the last of these words, one a line.
std::string offered(const Folder& folder, const std::vector<std::string>& words) {
  write(folder.path / "tidemark.bash", script("bash"));
  std::string typed_words;
  for (const auto& word : words) {
    typed_words += " " + shell_quoted(word);
  }
  const auto source = shell_quoted((folder.path / "tidemark.bash").string());
  const auto result = ran(
      folder,
      {"bash",
       "--norc",
       "-c",
       "set -e; source " + source +
           "; set +e; complete -p tidemark > /dev/null || exit 9; COMP_WORDS=(" +
           shell_quoted(program) + typed_words + "); COMP_CWORD=" + std::to_string(words.size()) +
           "; _tidemark; printf '%s\\n' \"${COMPREPLY[@]}\""});
  CHECK(result.exit == 0);
  CHECK(result.errors.empty());
  return result.output;
}

bool available(const Folder& folder, const std::string& shell) {
  return ran(folder, {"sh", "-c", "command -v " + shell}).exit == 0;
}

}  // namespace

TEST_CASE("bash completes commands, options and choices without a daemon") {
  const Folder folder;
  CHECK(offered(folder, {"ma"}) == "matrix\nmark\n");
  CHECK(offered(folder, {"un"}) == "unfreeze\nunmark\nunack\n");
  CHECK(offered(folder, {"--json", "rel"}) == "reload\n");
  CHECK(offered(folder, {"status", "--ex"}) == "--exit-code\n");
  CHECK(offered(folder, {"audit", "--format", ""}) == "json\ncsv\n");
  CHECK(offered(folder, {"audit", "v"}) == "verify\n");
  CHECK(offered(folder, {"mode", "shop/dev", "re"}) == "reconcile_only\n");
  CHECK(offered(folder, {"mode", "--reason", "why", "shop/dev", "m"}) == "managed\n");
  CHECK(offered(folder, {"resolve", "shop/dev", "V1", "n"}) == "not-applied\n");
  CHECK(offered(folder, {"apply", "shop/dev", "--att"}) == "--attach\n");
  CHECK(offered(folder, {"completion", ""}) == "bash\nzsh\nfish\n");
  CHECK(offered(folder, {"--socket", (folder.path / "none").string(), "poll", ""}) == "\n");
  CHECK(offered(folder, {"__"}) == "\n");
}

TEST_CASE("bash completes files where a file is meant") {
  const Folder folder;
  const auto file = (folder.path / "some file").string();
  write(file, "");
  CHECK(offered(folder, {"backup", (folder.path / "some").string()}) == file + "\n");
  CHECK(offered(folder, {"audit", "-o", (folder.path / "some").string()}) == file + "\n");
}

TEST_CASE("bash completes the names that the daemon knows") {
  const Folder folder;
  const SocketDaemon daemon((folder.path / "s").string(),
                            {{"/v1/status", std::string(samples::status)},
                             {"/v1/findings", std::string(samples::findings)},
                             {"/v1/apps/shop/matrix", std::string(samples::matrix)}});
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"--socket", daemon.socket});
    return offered(folder, words);
  };
  CHECK(with({"poll", "shop/"}) == "shop/dev\nshop/staging\nshop/prod\n");
  CHECK(with({"status", "sh"}) == "shop\nshop/dev\nshop/staging\nshop/prod\n");
  CHECK(with({"matrix", ""}) == "shop\n");
  CHECK(with({"diff", "shop/staging", "V2"}) == "V2__orders\n");
  CHECK(with({"diff", "staging", "V2"}) == "V2__orders\n");
  CHECK(with({"mark", "shop/prod", "V1__users", "V"}) == "V1__users\nV2__orders\n");
  CHECK(with({"mark", "shop/prod", "--baseline", "V1"}) == "V1__users\n");
  CHECK(with({"apply", "shop/dev", "--only", "V2"}) == "V2__orders\n");
  CHECK(with({"ack", ""}) == "f_01\n");
}

TEST_CASE("names that a shell could act upon are not offered") {
  FakeDaemon daemon;
  FakeConsole console;
  daemon.answer(
      "GET /v1/status",
      R"json({"environments":[{"app":"$(id)","name":"dev"},{"app":"a b","name":"dev"},{"app":"-x","name":"y"},
                   {"app":"`x`","name":"dev"},{"app":"x;y","name":"dev"},{"app":"fine","name":"dev\n"},{"app":"fine","name":"dev"}]})json");
  CHECK(typed({"__names", "environments"}, daemon, console) == Exit::done);
  CHECK(console.output == "fine/dev\n");
}

TEST_CASE("zsh and fish take their scripts") {
  const Folder folder;
  for (const std::string shell : {"zsh", "fish"}) {
    const auto text = script(shell);
    for (const auto& command : command_syntax().below) {
      CHECK(text.find(command.name) != std::string::npos);
    }
    if (!available(folder, shell)) {
      MESSAGE("not checked: there is no " << shell << " here");
      continue;
    }
    const auto file = (folder.path / shell).string();
    write(file, text);
    const auto checked = ran(folder, {shell, "-n", file});
    CHECK(checked.exit == 0);
    CHECK(checked.errors.empty());
  }
}
