#include "tests/daemon/unit/watched.h"

#include <sys/resource.h>

#include <csignal>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "adapters/log/log.h"

namespace tidemark::unit_test {

namespace {

std::filesystem::path new_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "tidemark-world-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("mkdtemp");
  }
  return name;
}

template <class T>
T must(Result<T> result) {
  if (!result) {
    throw std::runtime_error(result.error().detail);
  }
  if constexpr (!std::is_void_v<T>) {
    return std::move(*result);
  }
}

}  // namespace

Watched::Watched() : folder_(new_folder()) {
  restart();
  add_app(shop());
}

Watched::~Watched() {
  disk_full(false);
  running_.reset();
  std::filesystem::remove_all(folder_);
}

void Watched::restart() {
  running_.reset();
  auto opened = must(Ledger::open(folder_ / "ledger.db", now));
  running_ = std::make_unique<Running>(std::move(opened.ledger));
  running_->world.use_clock([this] { return now; });
}

void Watched::add_app(AppSettings settings, ContentReader contents) {
  must(run(world().add_app(std::move(settings), std::move(contents))));
}

// Counts the frames of SQLite's log that end a transaction: those that tell the file's new size.
std::size_t Watched::commits() const {
  std::ifstream log(folder_ / "ledger.db-wal", std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(log), {});
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      value = value << 8U | static_cast<std::uint8_t>(bytes.at(at + i));
    }
    return value;
  };
  constexpr std::size_t log_header = 32;
  constexpr std::size_t frame_header = 24;
  const std::size_t page = number(8);
  std::size_t commits = 0;
  for (auto at = log_header; at + frame_header + page <= bytes.size(); at += frame_header + page) {
    commits += number(at + 4) != 0 ? 1 : 0;
  }
  return commits;
}

void Watched::directory_has(std::vector<Migration> migrations) {
  Catalog catalog{"flyway", std::move(migrations), {}};
  [[maybe_unused]] const auto stored = run(world().directory_read("shop", std::move(catalog)));
}

void Watched::was_read(const EnvironmentRef& ref, Observation seen) {
  seen.as_of = now;
  [[maybe_unused]] const auto stored =
      run(world().environment_read(ref, std::move(seen), LedgerShape{}));
}

CellState Watched::state(const EnvironmentRef& ref, const std::string& key) {
  const Line* line = world().environment(ref)->standing.find(Key{key});
  if (line == nullptr) {
    throw std::runtime_error("there is no " + key);
  }
  return line->cell.state;
}

std::multiset<std::string> Watched::findings(const EnvironmentRef& ref) {
  std::multiset<std::string> all;
  for (const auto& each : world().environment(ref)->findings) {
    all.insert(std::string(to_string(each.finding.kind)) + " " + each.finding.key.value);
  }
  return all;
}

std::size_t Watched::events_of(std::string_view type) {
  const auto all = events().after(0);
  return static_cast<std::size_t>(
      std::ranges::count_if(all, [&](const Event& event) { return event.type == type; }));
}

// No file of this process grows any more: what a full disk looks like to SQLite.
void Watched::disk_full(bool full) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = full ? 1 : limit.rlim_max;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

AppSettings shop() {
  AppSettings settings;
  settings.name = "shop";
  for (const auto& [name, mode] : {std::pair("dev", std::optional(Mode::managed)),
                                   std::pair("staging", std::optional<Mode>()),
                                   std::pair("prod", std::optional<Mode>())}) {
    EnvironmentSettings environment;
    environment.name = name;
    environment.mode = mode;
    environment.database = Target{};
    settings.environments.push_back(std::move(environment));
  }
  return settings;
}

Migration file(const std::string& version, const std::string& text) {
  Migration migration;
  migration.key = {version};
  migration.id = {"V" + version + "__x"};
  migration.version = Version::parse(version);
  migration.version_text = version;
  migration.file = migration.id.value + ".sql";
  migration.content = content_of(text);
  migration.checksums.accepted = {text};
  return migration;
}

Row applied(const std::string& version, const std::string& text) {
  Row row;
  row.key = {version};
  row.id = {"V" + version + "__x"};
  row.version = Version::parse(version);
  row.version_text = version;
  row.checksum = text;
  row.token = "rank-" + version;
  return row;
}

Observation seen(std::vector<Row> rows, Identity identity) {
  Observation observation;
  observation.ledger = Observation::Ledger::read;
  observation.tool = "flyway";
  observation.table = "public.flyway_schema_history";
  observation.rows = std::move(rows);
  observation.identity = std::move(identity);
  return observation;
}

}  // namespace tidemark::unit_test
