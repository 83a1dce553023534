#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/loop/asio.h"

namespace tidemark {

// Who is at the other end. Credentials come from the kernel, taken when the connection was
// accepted; what a client says of itself in a header never gets here. Without credentials (TCP) the
// ids are nobody's, and not by accident root's.
struct Peer {
  static constexpr std::uint32_t no_id = 0xffffffff;
  bool local = false;  // over the Unix socket
  std::uint32_t uid = no_id;
  std::uint32_t gid = no_id;
  std::uint32_t pid = 0;              // for messages only: it may be somebody else's by now
  std::vector<std::uint32_t> groups;  // supplementary
  std::string address;                // "unix", "127.0.0.1:40312"
};

using Headers =
    std::vector<std::pair<std::string, std::string>>;  // of a request: names in lower case

// A request that is whole and well-formed. HEAD arrives as GET: the server leaves the body out by
// itself.
struct Request {
  std::string method;
  std::string target;                        // as it was sent
  std::string path;                          // without the query, still percent-encoded
  std::vector<std::string> segments;         // "/v1/apps/a%2Fb" -> {"v1", "apps", "a/b"}
  std::map<std::string, std::string> query;  // decoded; a key stands once
  Headers headers;
  std::string body;
  Peer peer;

  std::optional<std::string_view> header(std::string_view lower_case_name) const;
};

// An answer that is produced over time: NDJSON lines, server-sent events.
class Stream {
 public:
  virtual ~Stream() = default;
  // The next piece, nullopt at the end. Is cancelled when the client goes away or the server stops,
  // and must honour it.
  virtual Awaitable<std::optional<std::string>> next() = 0;
};

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  Headers headers;
  std::shared_ptr<Stream>
      stream;  // instead of the body; shared because its producer may keep it to push into
};

// RFC 9457: {"type":"urn:tidemark:problem:SLUG","title":…,"status":…,"detail":…}
Response problem(unsigned status,
                 std::string_view slug,
                 std::string_view title,
                 std::string_view detail);

}  // namespace tidemark
