#include "core/sql/statement.h"

#include <array>
#include <utility>

namespace tidemark {

namespace {

template <class Value>
using Name = std::pair<Value, std::string_view>;

constexpr std::array<Name<LockClass>, 10> locks{
    {{LockClass::none, "none"},
     {LockClass::access_share, "access_share"},
     {LockClass::row_share, "row_share"},
     {LockClass::row_exclusive, "row_exclusive"},
     {LockClass::share_update_exclusive, "share_update_exclusive"},
     {LockClass::share, "share"},
     {LockClass::share_row_exclusive, "share_row_exclusive"},
     {LockClass::exclusive, "exclusive"},
     {LockClass::access_exclusive, "access_exclusive"},
     {LockClass::unknown, "unknown"}}};

constexpr std::array<Name<TransactionControl>, 8> controls{
    {{TransactionControl::none, "none"},
     {TransactionControl::begin, "begin"},
     {TransactionControl::begin_with_modes, "begin_with_modes"},
     {TransactionControl::commit, "commit"},
     {TransactionControl::commit_and_chain, "commit_and_chain"},
     {TransactionControl::rollback, "rollback"},
     {TransactionControl::savepoint, "savepoint"},
     {TransactionControl::prepared, "prepared"}}};

template <class Names, class Value>
std::string_view name_of(const Names& names, Value value) {
  for (const auto& [known, name] : names) {
    if (known == value) {
      return name;
    }
  }
  return "";
}

template <class Value, std::size_t size>
std::optional<Value> named(const std::array<Name<Value>, size>& names, std::string_view text) {
  for (const auto& [value, name] : names) {
    if (name == text) {
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(LockClass lock) {
  return name_of(locks, lock);
}

std::optional<LockClass> parse_lock_class(std::string_view text) {
  return named(locks, text);
}

std::string_view to_string(TransactionControl control) {
  return name_of(controls, control);
}

std::optional<TransactionControl> parse_transaction_control(std::string_view text) {
  return named(controls, text);
}

}  // namespace tidemark
