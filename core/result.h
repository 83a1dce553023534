#pragma once

#include <expected>
#include <string>
#include <utility>

namespace tidemark {

// What the CALLER can do about a failure. The detail says where and what.
enum class Errc {
  retry,      // transient: network, restart, too many clients; the same call may work later
  denied,     // the other side refuses us: password, privilege, TLS; somebody must change something
              // there
  broken,     // an answer or a file that cannot be understood
  invalid,    // what was passed in is wrong: fix it and call again
  not_found,  // the thing that was named does not exist
  conflict,   // the world is not as the caller believed
  forbidden,  // the caller may not do this
  cancelled,  // stopped on purpose; not a failure
  internal,   // a bug of ours
};

struct Error {
  Errc code;
  std::string detail;
  friend bool operator==(const Error&, const Error&) = default;
};

// Exists for [[nodiscard]]: a dropped failure is a warning.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  Result(std::expected<T, Error> other) : std::expected<T, Error>(std::move(other)) {}
};

[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string detail) {
  return std::unexpected(Error{code, std::move(detail)});
}

// The same failure with what we were doing in front: "read ledger of 'billing-eu': ...".
[[nodiscard]] inline std::unexpected<Error> fail(std::string doing, const Error& error) {
  return std::unexpected(Error{error.code, std::move(doing) + ": " + error.detail});
}

}  // namespace tidemark
