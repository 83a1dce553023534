#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "adapters/files/beneath.h"

namespace tidemark {

// The folders that one scan passed through, each watched before the scan looked into it, so that
// nothing falls between looking and watching. Filled on the scan's thread; the watch takes it over
// afterwards. Names of folders are not kept: an event only says that a scan is due, and the scan
// finds out what became of them.
class WatchPlan final : public FolderVisitor {
 public:
  explicit WatchPlan(std::shared_ptr<const FileDescriptor> inotify)
      : inotify_(std::move(inotify)) {}

  void folder(int fd) override;
  void step(const std::string& folder, const std::string& name) override;

  const std::set<int>& folders() const { return folders_; }
  // On the way to a root, where only these names matter.
  const std::map<int, std::set<std::string>>& steps() const { return steps_; }
  bool holds(int watch) const { return folders_.contains(watch) || steps_.contains(watch); }
  // Why events alone will not tell of every change; empty: they will.
  const std::string& trouble() const { return trouble_; }

 private:
  int add(const std::string& path, std::uint32_t events);

  std::shared_ptr<const FileDescriptor> inotify_;
  std::set<int> folders_;
  std::map<int, std::set<std::string>> steps_;
  std::string trouble_;
};

}  // namespace tidemark
