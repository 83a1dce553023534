#include "adapters/config/secret.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "adapters/config/authorities.h"
#include "adapters/config/command.h"
#include "adapters/config/small_file.h"

namespace tidemark {

namespace {

constexpr std::size_t secret_bytes_max = 64 * 1024;
constexpr std::chrono::seconds command_time_max{10};

// Each of these answers for one kind of source; the detail does not name the source.
struct Read {
  const std::stop_token& stop;

  Result<std::string> operator()(const CredentialSecret& credential) const {
    const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
    if (directory == nullptr || *directory == '\0') {
      return fail(
          Errc::not_found,
          "there is no $CREDENTIALS_DIRECTORY: systemd sets it for a unit with LoadCredential=");
    }
    return bytes_of(std::string(directory) + '/' + credential.name);
  }
  Result<std::string> operator()(const FileSecret& file) const { return bytes_of(file.path); }
  Result<std::string> operator()(const VariableSecret& variable) const {
    const char* value = std::getenv(variable.name.c_str());
    if (value == nullptr) {
      return fail(Errc::not_found, "is not set");
    }
    return std::string(value);
  }
  Result<std::string> operator()(const CommandSecret& command) const {
    return run_command(command.arguments, command_time_max, secret_bytes_max, stop);
  }

 private:
  static Result<std::string> bytes_of(const std::string& path) {
    auto file = read_small_file(path, secret_bytes_max);
    if (!file) {
      return std::unexpected(file.error());
    }
    return std::move(file->bytes);
  }
};

struct Describe {
  std::string operator()(const CredentialSecret& credential) const {
    return "credential '" + credential.name + "'";
  }
  std::string operator()(const FileSecret& file) const { return "file " + file.path; }
  std::string operator()(const VariableSecret& variable) const {
    return "variable " + variable.name;
  }
  // Arguments may well be secrets themselves.
  std::string operator()(const CommandSecret& command) const {
    return "command " + command.arguments.front();
  }
};

std::string without_last_newline(std::string text) {
  for (const std::string_view end : {"\n", "\r"}) {
    if (text.ends_with(end)) {
      text.pop_back();
    }
  }
  return text;
}

// Empty: fine.
std::string what_is_wrong(const PasswordSource& source) {
  if (const auto* command = std::get_if<CommandSecret>(&source.from)) {
    return ::access(command->arguments.front().c_str(), X_OK) == 0
               ? ""
               : "password from " + describe(source) + ": cannot be executed";
  }
  const auto secret = read_secret(source);
  return secret ? "" : secret.error().detail;
}

bool everybody_reads(const PasswordSource& source) {
  const auto* file = std::get_if<FileSecret>(&source.from);
  if (file == nullptr) {
    return false;
  }
  std::error_code error;
  const auto mode = std::filesystem::status(file->path, error).permissions();
  return !error && (mode & std::filesystem::perms::others_read) != std::filesystem::perms::none;
}

// The file of the defaults is many environments' and one problem.
void check_authorities(const EnvironmentSettings& environment, std::vector<Problem>& problems) {
  if (!environment.tls_ca) {
    return;
  }
  const auto& [path, where] = *environment.tls_ca;
  const auto same_place = [&where](const Problem& problem) {
    return problem.line == where.line && problem.column == where.column;
  };
  if (std::ranges::any_of(problems, same_place)) {
    return;
  }
  if (auto wrong = problem_of_authorities(path); !wrong.empty()) {
    problems.push_back({where.file, where.line, where.column, std::move(wrong)});
  }
}

}  // namespace

std::string describe(const PasswordSource& source) {
  return std::visit(Describe{}, source.from);
}

Result<std::string> read_secret(const PasswordSource& source, const std::stop_token& stop) {
  const auto where = "password from " + describe(source);
  auto bytes = std::visit(Read{stop}, source.from);
  if (!bytes) {
    return fail(where, bytes.error());
  }
  auto secret = without_last_newline(*std::move(bytes));
  if (secret.empty()) {
    return fail(Errc::invalid, where + ": is empty");
  }
  if (secret.find('\0') != std::string::npos) {
    return fail(Errc::invalid, where + ": has a NUL byte in it");
  }
  return secret;
}

SecretCheck check_secrets(const Settings& settings) {
  SecretCheck check;
  for (const auto& app : settings.apps) {
    for (const auto& environment : app.environments) {
      check_authorities(environment, check.problems);
      if (!environment.password) {
        continue;
      }
      const auto& [file, line, column] = environment.password->where;
      if (auto wrong = what_is_wrong(*environment.password); !wrong.empty()) {
        check.problems.push_back({file, line, column, std::move(wrong)});
      } else if (everybody_reads(*environment.password)) {
        check.warnings.push_back({file,
                                  line,
                                  column,
                                  "password: every user of this machine can read " +
                                      describe(*environment.password) + "; chmod o-r it"});
      }
    }
  }
  return check;
}

}  // namespace tidemark
