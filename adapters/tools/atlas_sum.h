#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace tidemark {

// What Atlas writes into atlas.sum and, of each file that it applies, into its ledger: one hash
// that runs through all files of a directory in the order of their names.
class AtlasSum {
 public:
  AtlasSum();
  ~AtlasSum();
  AtlasSum(AtlasSum&&) noexcept;
  AtlasSum& operator=(AtlasSum&&) noexcept;

  // The hash of a file and of all before it; empty of a file that asks to be left out.
  std::string add(std::string_view name, std::string_view bytes);
  // The first line of atlas.sum: "h1:…".
  std::string total() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tidemark
