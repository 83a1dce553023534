#include "adapters/parser/parser.h"

#include <optional>
#include <utility>

#include "adapters/parser/answer.h"
#include "adapters/parser/session.h"

namespace tidemark {

namespace {

// The files of one call, one after the other.
class Batch {
 public:
  Batch(const std::filesystem::path& program,
        std::chrono::milliseconds patience,
        const std::stop_token& stop)
      : program_(program), patience_(patience), stop_(stop) {}

  Result<Script> parse(std::string_view file) {
    const auto text = sql_text(file, sql_bytes_max);
    if (!text.readable) {
      return script_of(text, {});
    }
    auto parsed = ask(text.text);
    if (!parsed) {
      return fail("parser " + program_.string(), parsed.error());
    }
    return script_of(text, *std::move(parsed));
  }

 private:
  Result<ParsedSql> ask(const std::string& text) {
    if (hopeless_) {
      return std::unexpected(*hopeless_);
    }
    if (stop_.stop_requested()) {
      return fail(Errc::cancelled, "nobody waits for it any more");
    }
    if (!session_) {
      auto started = ParserSession::start(program_);
      if (!started) {
        hopeless_ = started.error();
        return std::unexpected(*hopeless_);
      }
      session_.emplace(*std::move(started));
    }
    auto parsed = session_->ask(text, patience_, stop_);
    if (!parsed && session_->is_hopeless()) {
      hopeless_ = parsed.error();
    }
    if (!session_->lives()) {
      session_.reset();
    }
    return parsed;
  }

  const std::filesystem::path& program_;
  std::chrono::milliseconds patience_;
  const std::stop_token& stop_;
  std::optional<ParserSession> session_;
  std::optional<Error> hopeless_;  // no other process would do better
};

}  // namespace

std::vector<Result<Script>> Parser::parse(std::span<const std::string_view> files,
                                          const std::stop_token& stop) const {
  Batch batch(program_, patience_, stop);
  std::vector<Result<Script>> scripts;
  scripts.reserve(files.size());
  for (const auto file : files) {
    scripts.push_back(batch.parse(file));
  }
  return scripts;
}

std::filesystem::path parser_program() {
  std::error_code error;
  // Without a link it is where it was started from, also when an upgrade has replaced it.
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  if (auto beside = folder / "tidemark-parser"; std::filesystem::exists(beside, error)) {
    return beside;
  }
  return (folder / TIDEMARK_PARSER_FROM_DAEMON).lexically_normal();
}

}  // namespace tidemark
