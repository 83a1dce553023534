#include "tests/daemon/support/rig.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <doctest/doctest.h>
#include <boost/json/parse.hpp>

namespace tidemark::test {

namespace json = boost::json;

const std::string canary = "c4nary'\"\\ p%ss=w0rd&;<$HOME>";

namespace {

std::vector<char*> argv_of(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  for (const auto& part : command) {
    argv.push_back(const_cast<char*>(part.c_str()));  // execvp takes what it does not change
  }
  argv.push_back(nullptr);
  return argv;
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int status_of(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd, any, length) != 0 || ::getsockname(fd, any, &length) != 0) {
    throw std::runtime_error("no free port");
  }
  ::close(fd);
  return ntohs(address.sin_port);
}

}  // namespace

Ran run(const std::vector<std::string>& command,
        const std::vector<std::pair<std::string, std::string>>& environment) {
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("pipe failed");
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, 0);
    ::dup2(out[1], 1);
    ::dup2(err[1], 2);
    for (const auto& [name, value] : environment) {
      ::setenv(name.c_str(), value.c_str(), 1);
    }
    ::execvp(command.front().c_str(), argv_of(command).data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  Ran ran;
  std::array<pollfd, 2> waiting{pollfd{out[0], POLLIN, 0}, pollfd{err[0], POLLIN, 0}};
  std::array<std::string*, 2> texts{&ran.out, &ran.err};
  for (int open = 2; open > 0;) {
    ::poll(waiting.data(), waiting.size(), -1);
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].fd < 0 || waiting[i].revents == 0) {
        continue;
      }
      std::array<char, 65536> buffer{};
      const auto got = ::read(waiting[i].fd, buffer.data(), buffer.size());
      if (got <= 0) {
        ::close(waiting[i].fd);
        waiting[i].fd = -1;
        --open;
      } else {
        texts[i]->append(buffer.data(), static_cast<std::size_t>(got));
      }
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ran.status = status_of(status);
  return ran;
}

Rig::Rig() : folder_(make_server_folder()), keeper_(folder_) {
  std::filesystem::create_directory(migrations());
  std::filesystem::create_directory(folder_ / "secrets");
  write_file(folder_ / "secrets" / "password", canary + "\n", 0600);
}

Rig::~Rig() {
  if (running()) {
    stop();
  }
  look_for_canary();
  look_for_sanitizer_reports();
}

void Rig::look_for_sanitizer_reports() const {
  const auto printed = log();
  // The same as in tests/support/sanitizers.py.
  for (const auto* sign : {"Sanitizer: ", "runtime error: "}) {
    CHECK_MESSAGE(printed.find(sign) == std::string::npos, "tidemarkd reported: " << printed);
  }
}

void Rig::note(const std::string& printed) {
  const std::scoped_lock lock(printing_);
  printed_ += printed;
}

void Rig::look_for_canary() const {
  CHECK_MESSAGE(printed_.find(canary) == std::string::npos, "the canary password was printed");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
    if (entry.is_regular_file() && entry.path().parent_path().filename() != "secrets") {
      const bool found = contents(entry.path()).find(canary) != std::string::npos;
      CHECK_MESSAGE(!found, "the canary password is in " << entry.path().string());
    }
  }
}

void Rig::file(const std::string& name, const std::string& content) const {
  const auto path = migrations() / name;
  std::filesystem::create_directories(path.parent_path());
  const auto fresh = folder_ / "new-file";
  std::ofstream(fresh, std::ios::binary) << content;
  std::filesystem::rename(fresh, path);
}

void Rig::remove(const std::string& name) const {
  std::filesystem::remove(migrations() / name);
}

void Rig::configure(const std::string& environments,
                    const std::string& more,
                    const std::string& app_keys) {
  if (port_ == 0) {
    port_ = free_port();
  }
  std::string list = environments;
  const std::string password =
      "password: {file: " + (folder_ / "secrets" / "password").string() + "}";
  for (auto at = list.find("@password"); at != std::string::npos; at = list.find("@password")) {
    list.replace(at, std::string("@password").size(), password);
  }
  std::ostringstream text;
  text << "ledger: sqlite:" << ledger().string() << "\n"
       << "control: {socket: " << socket().string() << "}\n"
       << "http: {listen: \"127.0.0.1:" << port_ << "\"}\n"
       << "apps:\n  - name: shop\n    repo: {path: " << migrations().string()
       << ", settle: " << settle_ << "}\n"
       << app_keys << "    environments:\n"
       << list << more;
  write_file(config(), text.str());
}

void Rig::start(const std::vector<std::string>& wrapper, bool wait_for_ready) {
  auto command = wrapper;
  command.insert(command.end(), {TIDEMARKD, "--config", config().string()});
  const auto log_file = folder_ / "daemon.log";
  // A signal that comes before the daemon is there must not meet the handlers of the test.
  sigset_t all;
  sigset_t usual;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &usual);
  pid_ = ::fork();
  if (pid_ == 0) {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
      ::signal(signal, SIG_DFL);
    }
    ::sigprocmask(SIG_SETMASK, &usual, nullptr);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int log = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, 0);
    ::dup2(log, 1);
    ::dup2(log, 2);
    ::execvp(command.front().c_str(), argv_of(command).data());
    ::_exit(127);
  }
  ::sigprocmask(SIG_SETMASK, &usual, nullptr);
  if (wait_for_ready) {
    REQUIRE_MESSAGE(eventually([this] { return ready() || !running(); }, 30),
                    "not ready: " << log());
    REQUIRE_MESSAGE(running(), "tidemarkd ended: " << log());
  }
}

bool Rig::ready() const {
  return run({"curl", "-fsS", "-m", "5", "http://127.0.0.1:" + std::to_string(port_) + "/-/ready"})
             .status == 0;
}

bool Rig::running() const {
  if (pid_ <= 0) {
    return false;
  }
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

void Rig::send(int signal) const {
  ::kill(pid_, signal);
}

int Rig::stop(int signal) {
  if (pid_ <= 0) {
    return -1;
  }
  ::kill(pid_, signal);
  const bool ended = eventually([this] { return !running(); }, 20);
  if (!ended) {
    ::kill(pid_, SIGKILL);
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  CHECK_MESSAGE(ended, "tidemarkd did not stop: " << log());
  return status_of(status);
}

std::string Rig::log() const {
  return contents(folder_ / "daemon.log");
}

Ran Rig::tidemark(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{TIDEMARK};
  command.insert(command.end(), arguments.begin(), arguments.end());
  auto ran = run(command, {{"TIDEMARK_SOCKET", socket().string()}});
  note(ran.out + ran.err);
  return ran;
}

json::value Rig::json(std::vector<std::string> arguments) {
  arguments.emplace_back("--json");
  const auto ran = tidemark(arguments);
  REQUIRE_MESSAGE(ran.status == 0, arguments.front() << ": " << ran.err);
  return json::parse(ran.out);
}

namespace {

// What curl printed, with the status after the last line end.
Rig::Answer parse_answer(const std::string& printed) {
  const auto line = printed.rfind('\n');
  if (line == std::string::npos) {
    return {0, printed};
  }
  return {std::atoi(printed.c_str() + line + 1), printed.substr(0, line)};
}

}  // namespace

std::string Rig::get(const std::string& path, int expected_status) {
  const auto ran = run({"curl",
                        "-sS",
                        "-m",
                        "20",
                        "-w",
                        "\n%{http_code}",
                        "http://127.0.0.1:" + std::to_string(port_) + path});
  note(ran.out);
  const auto answer = parse_answer(ran.out);
  CHECK_MESSAGE(answer.status == expected_status, path << ": " << answer.body << ran.err);
  return answer.body;
}

Rig::Answer Rig::request(const std::string& method,
                         const std::string& target,
                         const std::string& body) {
  std::vector<std::string> command{"curl",
                                   "-sS",
                                   "-m",
                                   "20",
                                   "-w",
                                   "\n%{http_code}",
                                   "-X",
                                   method,
                                   "--unix-socket",
                                   socket().string()};
  if (!body.empty()) {
    command.insert(command.end(), {"-H", "Content-Type: application/json", "--data-binary", body});
  }
  command.push_back("http://localhost" + target);
  const auto ran = run(command);
  note(ran.out);
  return parse_answer(ran.out);
}

json::value Rig::Answer::json() const {
  return json::parse(body);
}

double Rig::metric(const std::string& name, const std::vector<std::string>& labels) {
  const auto text = get("/metrics");
  std::istringstream page(text);
  double sum = 0;
  bool any = false;
  for (std::string line; std::getline(page, line);) {
    const bool named = line.starts_with(name + "{") || line.starts_with(name + " ");
    if (named && std::ranges::all_of(labels, [&](const auto& label) {
          return line.find(label) != std::string::npos;
        })) {
      sum += std::stod(line.substr(line.rfind(' ')));
      any = true;
    }
  }
  REQUIRE_MESSAGE(any, name << " is not in " << text);
  return sum;
}

int Rig::polls(const std::string& environment, const std::string& outcome) {
  const auto count = metric("tidemark_polls_total",
                            {"environment=\"" + environment + "\"", "outcome=\"" + outcome + "\""});
  return static_cast<int>(count);
}

std::string Rig::cell(const std::string& environment, const std::string& id) {
  const auto matrix = json({"matrix", "shop"});
  for (const auto& migration : matrix.at("migrations").as_array()) {
    if (migration.at("id").as_string() != std::string_view(id)) {
      continue;
    }
    const auto& cell = migration.at("cells").at(environment).as_object();
    std::string text(cell.at("state").as_string());
    if (const auto* findings = cell.if_contains("findings"); findings != nullptr) {
      for (const auto& finding : findings->as_array()) {
        text += " " + std::string(finding.at("kind").as_string());
      }
    }
    return text;
  }
  return "";
}

json::object Rig::status(const std::string& environment) {
  const auto document = json({"status"});
  for (const auto& entry : document.at("environments").as_array()) {
    if (entry.at("name").as_string() == std::string_view(environment)) {
      return entry.as_object();
    }
  }
  FAIL("no environment " << environment);
  return {};
}

bool Rig::eventually(const std::function<bool()>& condition, int seconds) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return condition();
}

}  // namespace tidemark::test
