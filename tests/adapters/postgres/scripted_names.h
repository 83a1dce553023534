#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/postgres/resolver.h"

namespace tidemark::test {

// Answers lookups as it is told, or not at all until it is let go. Threads may outlive the test.
class ScriptedNames {
 public:
  ~ScriptedNames() { let_go(); }

  Resolver::Lookup lookup() const {
    return [state = state_](const std::string& name) { return state->answer(name); };
  }
  void answer(const std::string& name, std::vector<std::string> addresses) {
    state_->set(name, std::move(addresses));
  }
  void fail_for(const std::string& name) {
    state_->set(name, fail(Errc::retry, "no such name: " + name));
  }
  void hang(const std::string& name) { state_->hang(name); }
  // Whoever hangs gets an answer, and nobody hangs any more.
  void let_go() { state_->let_go(); }
  int asked(const std::string& name) { return state_->count(name); }
  int hanging() { return state_->hanging(); }

 private:
  using Found = Result<std::vector<std::string>>;
  class State {
   public:
    Found answer(const std::string& name) {
      std::unique_lock lock(mutex_);
      ++asked_[name];
      if (hangs_.contains(name)) {
        ++hanging_;
        released_.wait(lock, [&] { return !hangs_.contains(name); });
        --hanging_;
      }
      const auto found = answers_.find(name);
      return found == answers_.end() ? Found(fail(Errc::retry, "no such name: " + name))
                                     : found->second;
    }
    void set(const std::string& name, Found found) {
      const std::lock_guard lock(mutex_);
      answers_.insert_or_assign(name, std::move(found));
    }
    void hang(const std::string& name) {
      const std::lock_guard lock(mutex_);
      hangs_[name] = true;
    }
    void let_go() {
      const std::lock_guard lock(mutex_);
      hangs_.clear();
      released_.notify_all();
    }
    int count(const std::string& name) {
      const std::lock_guard lock(mutex_);
      return asked_[name];
    }
    int hanging() {
      const std::lock_guard lock(mutex_);
      return hanging_;
    }

   private:
    std::mutex mutex_;
    std::condition_variable released_;
    std::map<std::string, bool> hangs_;
    std::map<std::string, Found> answers_;
    std::map<std::string, int> asked_;
    int hanging_ = 0;
  };

  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace tidemark::test
