#include "adapters/config/secret.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include <doctest/doctest.h>

#include "adapters/config/command.h"
#include "tests/support/alive.h"

using namespace tidemark;
using tidemark::test::alive;
using namespace std::chrono_literals;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "secret-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }

  std::string write(const std::string& name, const std::string& bytes, ::mode_t mode = 0600) const {
    const auto path = path_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    ::chmod(path.c_str(), mode);
    return path.string();
  }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

PasswordSource from(auto source) {
  return {source, {"c.yaml", 7, 9}};
}

Result<std::string> shell(const std::string& script, std::chrono::milliseconds time_max = 10s) {
  return run_command({"/bin/sh", "-c", script}, time_max, 64 * 1024);
}

std::string detail(const Result<std::string>& result) {
  return result ? "read " + *result : result.error().detail;
}

}  // namespace

TEST_CASE("a secret is read from a credential") {
  const Folder folder;
  folder.write("shop-dev", "hunter2\n");
  ::unsetenv("CREDENTIALS_DIRECTORY");
  CHECK(detail(read_secret(from(CredentialSecret{"shop-dev"}))) ==
        "password from credential 'shop-dev': there is no $CREDENTIALS_DIRECTORY: systemd sets it "
        "for a unit with "
        "LoadCredential=");
  ::setenv("CREDENTIALS_DIRECTORY", (folder / "").c_str(), 1);
  CHECK(detail(read_secret(from(CredentialSecret{"shop-dev"}))) == "read hunter2");
  CHECK(detail(read_secret(from(CredentialSecret{"shop-qa"}))) ==
        "password from credential 'shop-qa': cannot be read: No such file or directory");
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_CASE("a secret is read from a file, without the one newline at its end") {
  const Folder folder;
  CHECK(detail(read_secret(from(FileSecret{folder.write("a", "hunter2\n")}))) == "read hunter2");
  CHECK(detail(read_secret(from(FileSecret{folder.write("b", "hunter2\r\n")}))) == "read hunter2");
  CHECK(detail(read_secret(from(FileSecret{folder.write("c", "hunter2")}))) == "read hunter2");
  CHECK(detail(read_secret(from(FileSecret{folder.write("d", " two\n\n")}))) == "read  two\n");
  const auto link = folder / "link";
  std::filesystem::create_symlink(folder / "a", link);  // as mounted secrets are
  CHECK(detail(read_secret(from(FileSecret{link}))) == "read hunter2");
}

TEST_CASE("a file that is no secret is refused, without its content") {
  const Folder folder;
  const auto why = [&](const std::string& path) {
    const auto text = detail(read_secret(from(FileSecret{path})));
    const auto prefix = "password from file " + path + ": ";
    REQUIRE(text.starts_with(prefix));
    return text.substr(prefix.size());
  };
  CHECK(why(folder / "none") == "cannot be read: No such file or directory");
  CHECK(why(folder / "") == "cannot be read: it is not a regular file");
  CHECK(why(folder.write("empty", "\n")) == "is empty");
  CHECK(why(folder.write("nul", std::string("canary\0x", 8))) == "has a NUL byte in it");
  CHECK(why(folder.write("large", std::string(64 * 1024 + 1, 'c'))) ==
        "is larger than 65536 bytes");
  const auto fifo = folder / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(why(fifo) == "cannot be read: it is not a regular file");
}

TEST_CASE("a secret is read from a variable") {
  ::setenv("SECRET_TEST", "hunter2", 1);
  CHECK(detail(read_secret(from(VariableSecret{"SECRET_TEST"}))) == "read hunter2");
  ::setenv("SECRET_TEST", "", 1);
  CHECK(detail(read_secret(from(VariableSecret{"SECRET_TEST"}))) ==
        "password from variable SECRET_TEST: is empty");
  ::unsetenv("SECRET_TEST");
  CHECK(detail(read_secret(from(VariableSecret{"SECRET_TEST"}))) ==
        "password from variable SECRET_TEST: is not set");
}

TEST_CASE("a secret is read from a command, which no shell takes apart") {
  CHECK(detail(read_secret(from(CommandSecret{{"/usr/bin/printf", "%s\n", "a b;$HOME"}}))) ==
        "read a b;$HOME");
}

TEST_CASE("a command that fails says how it ended, and nothing of what it printed") {
  CHECK(detail(shell("echo canary; echo canary >&2; exit 3")) == "ended with status 3");
  CHECK(shell("exit 1").error().code == Errc::retry);
  CHECK(detail(shell("echo canary; kill -9 $$")) == "was ended by signal 9");
  CHECK(detail(run_command({"/nowhere/vault", "canary"}, 1s, 10)) ==
        "cannot be started: No such file or directory");
  CHECK(detail(read_secret(from(CommandSecret{{"/nowhere/vault", "canary"}}))) ==
        "password from command /nowhere/vault: cannot be started: No such file or directory");
}

TEST_CASE("a command gets no input, no descriptor of ours, and no signal that we ignore") {
  const int ours = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  CHECK(detail(shell("cat; ls /proc/self/fd | wc -l")) ==
        "read 4\n");  // 0 to 2, and the folder that ls reads
  CHECK(detail(shell("kill -PIPE $$")) == "was ended by signal 13");
  ::signal(SIGPIPE, before);
  ::close(ours);
}

TEST_CASE("a command that hangs is killed with everything that it started") {
  const Folder folder;
  const auto pids = folder / "pids";
  const auto start = std::chrono::steady_clock::now();
  const auto result =
      shell("echo $$ >> " + pids + "; sleep 60 & echo $! >> " + pids + "; wait", 300ms);
  const auto took = std::chrono::steady_clock::now() - start;
  CHECK(detail(result) == "did not end in time and was killed");
  CHECK(result.error().code == Errc::retry);
  CHECK(took < 5s);
  std::ifstream in(pids);
  int count = 0;
  for (pid_t pid = 0; in >> pid; ++count) {
    // The kernel ends the grandchild a moment after the signal.
    for (int i = 0; i < 500 && alive(pid); ++i) {
      ::usleep(10'000);
    }
    CHECK_FALSE(alive(pid));
  }
  CHECK(count == 2);
}

TEST_CASE("a command whose answer nobody waits for any more is killed") {
  std::stop_source stop;
  stop.request_stop();
  const auto start = std::chrono::steady_clock::now();
  const auto result =
      run_command({"/bin/sh", "-c", "sleep 60"}, std::chrono::seconds(60), 10, stop.get_token());
  CHECK(std::chrono::steady_clock::now() - start < 5s);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::cancelled);
}

TEST_CASE("a command that prints without end is killed") {
  CHECK(detail(shell("yes canary")) == "printed more than 65536 bytes");
}

TEST_CASE("what a command leaves running in the background is not waited for") {
  const auto start = std::chrono::steady_clock::now();
  CHECK(detail(shell("sleep 4 & echo hunter2")) == "read hunter2\n");
  CHECK(std::chrono::steady_clock::now() - start < 3s);
}

TEST_CASE("unreadable secrets are told before anything relies on them, commands are not run") {
  const Folder folder;
  const auto ran = folder / "ran";
  Settings settings;
  settings.apps.resize(1);
  const auto add = [&](auto source, int line) {
    EnvironmentSettings environment;
    environment.password = PasswordSource{source, {"c.yaml", line, 19}};
    settings.apps[0].environments.push_back(environment);
  };
  add(FileSecret{folder.write("good", "x")}, 1);
  add(FileSecret{folder.write("open", "x", 0644)}, 2);
  add(FileSecret{folder / "none"}, 3);
  add(CommandSecret{{"/usr/bin/touch", ran}}, 4);
  add(CommandSecret{{folder.write("plain", "x")}}, 5);
  add(VariableSecret{"NO_SUCH_VARIABLE"}, 6);
  const auto check = check_secrets(settings);
  std::vector<std::string> problems;
  for (const auto& problem : check.problems) {
    problems.push_back(problem.text());
  }
  CHECK(problems ==
        std::vector<std::string>{
            "c.yaml:3:19: password from file " + (folder / "none") +
                ": cannot be read: No such file or directory",
            "c.yaml:5:19: password from command " + (folder / "plain") + ": cannot be executed",
            "c.yaml:6:19: password from variable NO_SUCH_VARIABLE: is not set"});
  REQUIRE(check.warnings.size() == 1);
  CHECK(check.warnings[0].text() ==
        "c.yaml:2:19: password: every user of this machine can read file " + (folder / "open") +
            "; chmod o-r it");
  CHECK_FALSE(std::filesystem::exists(ran));
}

TEST_CASE("a tls_ca without certificates is told before anything relies on it, once") {
  const Folder folder;
  const auto system = content("/etc/ssl/certs/ca-certificates.crt");
  if (system.empty()) {
    std::cout << "skipped: there are no authorities here\n";
    return;
  }
  const auto second = system.find("-----END CERTIFICATE-----") + 26;
  auto broken = system.substr(0, second) + system.substr(second).replace(40, 2, "!!");
  Settings settings;
  settings.apps.resize(1);
  const auto add = [&](const std::string& path, int line) {
    EnvironmentSettings environment;
    environment.tls_ca = AuthoritiesFile{path, {"c.yaml", line, 11}};
    settings.apps[0].environments.push_back(environment);
  };
  add("/etc/ssl/certs/ca-certificates.crt", 1);
  add(folder / "none", 2);
  add(folder / "none", 2);
  add(folder.write("text", "no certificate"), 3);
  add(folder.write("broken", broken), 4);
  add(folder.write("empty", ""), 5);
  std::vector<std::string> problems;
  for (const auto& problem : check_secrets(settings).problems) {
    problems.push_back(problem.text());
  }
  const std::string none = "there is no certificate in it (expected -----BEGIN CERTIFICATE-----)";
  CHECK(problems ==
        std::vector<std::string>{"c.yaml:2:11: tls_ca: " + (folder / "none") +
                                     ": cannot be read: No such file or directory",
                                 "c.yaml:3:11: tls_ca: " + (folder / "text") + ": " + none,
                                 "c.yaml:4:11: tls_ca: " + (folder / "broken") +
                                     ": its certificate number 2 cannot be read",
                                 "c.yaml:5:11: tls_ca: " + (folder / "empty") + ": " + none});
}
