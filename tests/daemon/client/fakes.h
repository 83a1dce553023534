#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "daemon/client/client.h"

namespace tidemark::client {

// A daemon that answers what it was told to, and remembers what it was asked.
class FakeDaemon : public Transport {
 public:
  // To "GET /v1/status", say.
  void answer(const std::string& asked, std::string body, int status = 200) {
    answers_[asked] = {
        status, status < 300 ? "application/json" : "application/problem+json", std::move(body)};
  }
  void answer_text(const std::string& asked, std::string body, int status) {
    answers_[asked] = {status, "text/plain", std::move(body)};
  }
  void away(Errc code, std::string why) { away_ = Error{code, std::move(why)}; }

  Result<Reply> request(const Request& request) override {
    const auto asked = request.method + " " + request.target;
    requests.push_back(asked);
    if (!request.body.empty()) {
      bodies[asked] = request.body;
    }
    if (away_) {
      return std::unexpected(*away_);
    }
    const auto found = answers_.find(asked);
    if (found == answers_.end()) {
      return Reply{404,
                   "application/problem+json",
                   R"({"title":"There is no such thing","detail":")" + asked + "\"}"};
    }
    return found->second;
  }

  Result<Reply> stream(const Request& request,
                       const std::function<bool(std::string_view)>& take) override {
    auto reply = this->request(request);
    if (!reply || reply->status >= 300) {
      return reply;
    }
    std::string_view rest = reply->body;
    while (!rest.empty()) {
      const auto end = rest.find('\n');
      if (!take(rest.substr(0, end))) {
        break;
      }
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    if (torn) {
      return fail(Errc::retry, "tidemarkd closed the connection before its answer was complete");
    }
    reply->body.clear();
    return reply;
  }

  bool torn = false;  // streams break off after what they say
  std::vector<std::string> requests;
  std::map<std::string, std::string> bodies;  // by what was asked

 private:
  std::map<std::string, Reply> answers_;
  std::optional<Error> away_;
};

class FakeConsole : public Console {
 public:
  Style look{false, false, 80, *parse_time("2026-04-18T14:25:00Z")};
  std::string output;
  std::string errors;
  std::deque<std::string> typed;  // by the person on the terminal
  bool person = false;
  bool reader = true;  // somebody reads the output

  Style style() const override { return look; }
  bool out(std::string_view text) override {
    output += reader ? text : "";
    return reader;
  }
  void err(std::string_view text) override { errors += text; }
  bool can_ask() const override { return person; }
  std::optional<std::string> ask(std::string_view question) override {
    errors += question;
    if (typed.empty()) {
      return std::nullopt;
    }
    auto line = typed.front();
    typed.pop_front();
    return line;
  }
};

// As if these words had been typed.
inline Exit typed(const std::vector<std::string>& words, FakeDaemon& daemon, FakeConsole& console) {
  const auto line = parse_command_line(words);
  return line ? run(*line, daemon, "/run/tidemark/control.sock", console)
              : report(console, line.error());
}

}  // namespace tidemark::client
