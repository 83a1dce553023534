#include "adapters/postgres/target.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include <libpq-fe.h>
#include <unistd.h>

#include "core/text/printable.h"

namespace tidemark {
namespace {

struct Reason {
  std::string_view name;
  std::string_view why;
};

constexpr std::array<std::string_view, 23> honoured = {
    "channel_binding",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "port",
    "requirepeer",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
};

constexpr std::array refused = {
    Reason{"application_name", "is set by tidemark; leave it out"},
    Reason{"client_encoding", "is always UTF8; leave it out"},
    Reason{"connect_timeout", "has no effect, tidemark has deadlines of its own; leave it out"},
    Reason{"fallback_application_name", "is set by tidemark; leave it out"},
    Reason{"gssencmode", "can only be 'disable'; leave it out"},
    Reason{"options", "is refused by poolers in transaction mode; leave it out"},
    Reason{"passfile", "is not read; use password: {file: PATH} beside the address"},
    Reason{"password", "does not belong in the address; use password: beside it"},
    Reason{"replication", "makes a connection that cannot be read from; leave it out"},
    Reason{"service", "is not read; write the service's parameters here"},
    Reason{"sslpassword", "does not belong in the address; use a key file without a passphrase"},
};

// What newer versions of libpq know. To ignore one of them could mean less safety than was asked
// for.
constexpr std::array<std::string_view, 14> newer = {
    "gssdelegation",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_issuer",
    "oauth_scope",
    "require_auth",
    "scram_client_key",
    "scram_server_key",
    "sslcertmode",
    "sslkeylogfile",
    "sslnegotiation",
};
constexpr std::string_view needs_newer = "needs a newer libpq; tidemark is made for version 15";

// libpq's messages quote the text; these say the same without it.
constexpr std::array unreadable = {
    Reason{"missing \"=\"", "a parameter without '=' (expected key=value pairs or postgresql://…)"},
    Reason{"unterminated quoted string", "a quoted value that does not end"},
    Reason{"percent-encoded", "a '%' that starts no percent-code (write it as %25)"},
    Reason{"%00", "a percent-code for a zero byte"},
    Reason{"\"]\"", "a '[' without its ']' around an IPv6 address"},
    Reason{"IPv6 host address may not be empty", "an empty IPv6 address"},
    Reason{"unexpected character", "an unexpected character after an IPv6 address"},
    Reason{"key/value separator", "a parameter after '?' without '=', or with two"},
};

struct Choices {
  std::string_view name;
  std::string_view values;  // between bars
};

constexpr std::array choices = {
    Choices{"sslmode", "|disable|allow|prefer|require|verify-ca|verify-full|"},
    Choices{"channel_binding", "|disable|prefer|require|"},
    Choices{"target_session_attrs", "|any|read-write|read-only|primary|standby|prefer-standby|"},
    Choices{"ssl_min_protocol_version", "|TLSv1|TLSv1.1|TLSv1.2|TLSv1.3|"},
    Choices{"ssl_max_protocol_version", "|TLSv1|TLSv1.1|TLSv1.2|TLSv1.3|"},
    Choices{"sslsni", "|0|1|"},
    Choices{"keepalives", "|0|1|"},
};

constexpr std::array<std::string_view, 4> numbers = {
    "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"};

std::unexpected<Error> invalid(std::string_view name, std::string_view why) {
  return fail(Errc::invalid, "parameter '" + std::string(name) + "' " + std::string(why));
}

const Reason* find(std::span<const Reason> reasons, std::string_view name) {
  const auto found = std::ranges::find(reasons, name, &Reason::name);
  return found == reasons.end() ? nullptr : &*found;
}

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (true) {
    const auto comma = list.find(',');
    parts.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) {
      return parts;
    }
    list.remove_prefix(comma + 1);
  }
}

std::string value_of(const Parameters& parameters, const std::string& name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string{} : found->second;
}

bool is_number(std::string_view text, int least, int most) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= least &&
         number <= most;
}

bool is_uri(std::string_view text) {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

// A password with '/', '?' or '@' that is not percent-encoded would end up in a host's, a
// parameter's or the database's name, all of which we show. Then there is an '@' behind the first
// '/'.
bool misplaced_at(std::string_view uri) {
  const auto rest = uri.substr(uri.find("://") + 3);
  const auto end_of_hosts = rest.find('/');
  return end_of_hosts != std::string_view::npos &&
         rest.find('@', end_of_hosts) != std::string_view::npos;
}

// The name in: invalid connection option "name", invalid URI query parameter: "name".
std::string_view unknown_name(std::string_view message) {
  if (!message.starts_with("invalid connection option") &&
      !message.starts_with("invalid URI query parameter")) {
    return {};
  }
  const auto open = message.find('"');
  const auto close = message.rfind('"');
  return open == close ? std::string_view{} : message.substr(open + 1, close - open - 1);
}

std::unexpected<Error> explain(std::string_view text, std::string_view message) {
  if (!is_uri(text) && text.find("pass") != std::string_view::npos) {
    // Its value may have spilled over into what libpq took for a name.
    return invalid("password", find(refused, "password")->why);
  }
  const auto name = unknown_name(message);
  if (contains(newer, name)) {
    return invalid(name, needs_newer);
  }
  if (!name.empty()) {
    return invalid(printable(name), "is unknown");
  }
  for (const auto& known : unreadable) {
    if (message.find(known.name) != std::string_view::npos) {
      return fail(Errc::invalid, "the address has " + std::string(known.why));
    }
  }
  return fail(Errc::invalid, "the address is neither a postgresql:// URI nor key=value pairs");
}

Result<Parameters> parse(const std::string& text) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(text.c_str(), &error), PQconninfoFree);
  const std::unique_ptr<char, void (*)(void*)> message(error, PQfreemem);
  if (options == nullptr) {
    return explain(text, message ? message.get() : "");
  }
  Parameters parameters;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr && option->val[0] != '\0') {
      parameters.emplace(option->keyword, option->val);
    }
  }
  return parameters;
}

Result<void> check_names(const Parameters& parameters) {
  // First of all: where there is a password, nothing else may be said of the text.
  for (const std::string_view secret : {"password", "sslpassword"}) {
    if (parameters.contains(std::string(secret))) {
      return invalid(secret, find(refused, secret)->why);
    }
  }
  for (const auto& [name, value] : parameters) {
    if (name == "gssencmode" && value == "disable") {
      continue;
    }
    if (const auto* reason = find(refused, name)) {
      return invalid(name, reason->why);
    }
    if (contains(newer, name)) {
      return invalid(name, needs_newer);
    }
    if (!contains(honoured, name)) {
      return invalid(name, "has no effect here; leave it out");
    }
  }
  return {};
}

Result<void> check_values(const Parameters& parameters) {
  for (const auto& [name, values] : choices) {
    const auto value = value_of(parameters, std::string(name));
    if (!value.empty() && values.find("|" + value + "|") == std::string_view::npos) {
      std::string list(values.substr(1, values.size() - 2));
      std::ranges::replace(list, '|', ' ');
      return invalid(name, "must be one of: " + list);
    }
  }
  for (const auto name : numbers) {
    const auto value = value_of(parameters, std::string(name));
    if (!value.empty() && !is_number(value, 0, 1'000'000'000)) {
      return invalid(name, "must be a whole number");
    }
  }
  if (value_of(parameters, "sslrootcert") == "system") {
    return invalid("sslrootcert",
                   "needs libpq 16 for 'system'; name a file, "
                   "like /etc/ssl/certs/ca-certificates.crt");
  }
  if (parameters.contains("sslcert") != parameters.contains("sslkey")) {
    return fail(Errc::invalid, "parameters 'sslcert' and 'sslkey' go together");
  }
  return {};
}

Result<void> check_places(const Parameters& parameters) {
  const auto hosts = split(value_of(parameters, "host"));
  const auto addresses = split(value_of(parameters, "hostaddr"));
  const auto ports = split(value_of(parameters, "port"));
  const bool has_addresses = parameters.contains("hostaddr");
  const auto places = has_addresses ? addresses.size() : hosts.size();
  if (has_addresses && parameters.contains("host") && hosts.size() != addresses.size()) {
    return invalid("hostaddr", "must have as many entries as 'host'");
  }
  if (ports.size() != 1 && ports.size() != places) {
    return invalid("port", "must have one entry, or one for each host");
  }
  for (const auto& port : ports) {
    if (!port.empty() && !is_number(port, 1, 65535)) {
      return invalid("port", "must be a number from 1 to 65535");
    }
  }
  return {};
}

bool is_socket(std::string_view host) {
  return host.empty() || host.front() == '/' || host.front() == '@';
}

bool over_tcp(const Parameters& parameters) {
  const auto hosts = split(value_of(parameters, "host"));
  return parameters.contains("hostaddr") ||
         !std::ranges::all_of(hosts, [](const auto& host) { return is_socket(host); });
}

std::string place(const std::string& host, const std::string& address, const std::string& port) {
  std::string name = host.empty() ? address : host;
  if (name.empty()) {
    name = "[local]";
  } else if (!is_socket(name) && name.find(':') != std::string::npos) {
    name = "[" + name + "]";
  }
  return name + ":" + (port.empty() ? "5432" : port);
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  if (text.empty()) {
    return fail(Errc::invalid, "the address is empty (expected postgresql://user@host/database)");
  }
  if (text.find('\0') != std::string_view::npos) {
    return fail(Errc::invalid, "the address has a zero byte in it");
  }
  const auto scheme = text.find("://");
  if (!is_uri(text) && scheme != std::string_view::npos && scheme < text.find('=')) {
    return fail(Errc::invalid, "the address must start with postgresql://");
  }
  if (is_uri(text) && misplaced_at(text)) {
    return fail(Errc::invalid,
                "the address has an '@' behind its first '/': in names write '@' as %40, '/' as "
                "%2F; a password belongs in password: beside it");
  }
  auto parameters = parse(std::string(text));
  if (!parameters) {
    return std::unexpected(parameters.error());
  }
  for (const auto check : {check_names, check_values, check_places}) {
    if (const auto checked = check(*parameters); !checked) {
      return std::unexpected(checked.error());
    }
  }
  parameters->erase("gssencmode");
  if (over_tcp(*parameters)) {
    parameters->try_emplace("sslmode", "verify-full");
  }
  return Target{std::move(*parameters)};
}

std::string server_of(const Target& target) {
  const auto hosts = split(value_of(target.parameters, "host"));
  const auto addresses = split(value_of(target.parameters, "hostaddr"));
  const auto ports = split(value_of(target.parameters, "port"));
  std::string text;
  for (std::size_t i = 0; i < std::max(hosts.size(), addresses.size()); ++i) {
    const auto host = i < hosts.size() ? hosts[i] : "";
    const auto address = i < addresses.size() ? addresses[i] : "";
    text += (i == 0 ? "" : ",") + place(host, address, i < ports.size() ? ports[i] : ports.front());
  }
  return printable(text);
}

std::string describe(const Target& target) {
  std::string text = server_of(target);
  const auto user = value_of(target.parameters, "user");
  const auto database = value_of(target.parameters, "dbname");
  if (!database.empty() || !user.empty()) {
    text += "/" + (database.empty() ? user : database);
  }
  if (!user.empty()) {
    text += " as " + user;
  }
  return printable(text);
}

void forget_libpq_environment() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    if (variable.starts_with("PG")) {
      names.emplace_back(variable.substr(0, variable.find('=')));
    }
  }
  for (const auto& name : names) {
    ::unsetenv(name.c_str());
  }
}

}  // namespace tidemark
