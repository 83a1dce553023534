#include "core/drift/compare.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "core/apply/half_done.h"
#include "core/drift/history.h"
#include "core/drift/invalid_index.h"

namespace tidemark {

namespace {

// A ledger of numbers alone knows nothing of how a file is called.
bool tells_name(const Row& row) {
  return row.id.value != row.version_text;
}

std::string short_hash(const Digest& digest) {
  return digest.hex().substr(0, 12);
}

// "1_users" of "0001_users".
std::string_view without_zeros(std::string_view id) {
  return id.substr(std::min(id.find_first_not_of('0'), id.size()));
}

// Whether its file is not called any more what it was. Some ledgers keep no name beside the key,
// some one that ends in what the file was compiled to, and some the number without the zeros in
// front: none of that says that it is another file.
bool is_renamed(const MigrationId& told, const Migration& file) {
  const auto& key = file.key.value;
  return without_zeros(told.value) != without_zeros(file.id.value) && told.value != key &&
         !told.value.starts_with(key + ".");
}

// One migration with everything that is known of it in this environment.
struct Subject {
  const Migration* file = nullptr;
  const Row* row = nullptr;        // the newest of its key, whatever its state
  const Record* record = nullptr;  // the newest of its key, whatever it says
  // Where there is nothing else of it: one whose outcome nobody knows.
  const Attempt* attempt = nullptr;
};

class Comparison {
 public:
  Comparison(const Catalog& catalog,
             std::span<const Record> records,
             const std::optional<Observation>& observation,
             const Policy& policy)
      : catalog_(catalog),
        policy_(policy),
        observation_(observation),
        theirs_(their_side(catalog, records, observation)),
        records_(newest(records, theirs_)),
        files_(by_key(catalog)) {
    standing_.lines.reserve(catalog.migrations.size());
    for (const auto& migration : catalog.migrations) {
      if (migration.kind == MigrationKind::baseline) {
        newest_baseline_file_ = &migration;  // the catalog is in version order
      }
    }
    anything_applied_ =
        std::ranges::any_of(
            theirs_.rows,
            [](const auto& entry) { return entry.second->state != Row::State::undone; }) ||
        theirs_.baseline ||
        std::ranges::any_of(records_, [](const auto& entry) { return entry.second->applied; });
    for (const auto& attempt : policy.attempts) {
      attempts_[attempt.key] = &attempt;
    }
    if (policy.mode == Mode::managed) {
      find_who_applies(records);
    }
  }

  Standing run() {
    standing_.blind = must_be_asked() && !theirs_.asked;
    standing_.looked_at = must_be_asked() && observation_.has_value();
    for (const auto& migration : catalog_.migrations) {
      judge(
          {&migration, find(theirs_.rows, migration.key), find(records_, migration.key), nullptr});
    }
    for (const auto& [key, row] : theirs_.rows) {
      if (!files_.contains(key) && row->state != Row::State::undone) {
        judge({nullptr, row, find(records_, key), nullptr});
      }
    }
    for (const auto& [key, record] : records_) {
      const Row* row = find(theirs_.rows, key);
      const bool judged =
          files_.contains(key) || (row != nullptr && row->state != Row::State::undone);
      if (!judged && record->applied) {
        judge({nullptr, row, record, nullptr});
      }
    }
    for (const auto& [key, attempt] : attempts_) {
      const auto of_key = [&](const Line& line) { return line.key == key; };
      if (is_unsettled(*attempt) && !files_.contains(key) &&
          std::ranges::none_of(others_, of_key)) {
        judge({nullptr, nullptr, nullptr, attempt});
      }
    }
    standing_.lines = sorted_in(std::move(standing_.lines), std::move(others_), std::identity{});
    find_out_of_order();
    find_gaps();
    find_unreadable();
    find_invalid_indexes();
    return std::move(standing_);
  }

 private:
  // Read at least once where it is to be read, and a word of ours counts.
  bool must_be_asked() const { return may_connect(policy_.mode); }

  void judge(const Subject& subject) {
    Line line = line_of(subject);
    fill(subject, line);
    (subject.file != nullptr ? standing_.lines : others_).push_back(std::move(line));
  }

  static Line line_of(const Subject& s) {
    Line line;
    if (s.file != nullptr) {
      line = {s.file->key,
              s.file->id,
              s.file->kind,
              s.file->version,
              s.file->version_text,
              s.file->description,
              {}};
    } else if (s.row != nullptr) {
      line = {s.row->key,
              s.row->id,
              s.row->kind,
              s.row->version,
              s.row->version_text,
              s.row->description,
              {}};
    } else {
      line.key = s.record != nullptr ? s.record->key : s.attempt->key;
      line.id = s.record != nullptr ? s.record->id : s.attempt->migration;
      line.version_text = s.record != nullptr ? s.record->version_text : s.attempt->version_text;
      line.version = Version::parse(line.version_text);
      line.kind = line.version.empty() ? MigrationKind::repeatable : MigrationKind::versioned;
    }
    return line;
  }

  void fill(const Subject& s, Line& line) {
    Cell& cell = line.cell;
    if (standing_.blind) {
      cell.reason = !observation_                    ? "never_read"
                    : !observation_->at_work.empty() ? "at_work"
                                                     : "unreadable";
      return;
    }
    const Attempt* attempt = find(attempts_, line.key);
    if (attempt != nullptr && is_unsettled(*attempt)) {
      unsettled(*attempt, cell);
      return;
    }
    judge_cell(s, line);
    if (attempt != nullptr && attempt->outcome == Attempt::Outcome::not_applied &&
        attempt->action == Attempt::Action::apply && cell.state == CellState::pending) {
      cell.state = CellState::failed;
      cell.at = attempt->ended_at;
      cell.by = attempt->by;
      cell.reason = attempt->detail;
    }
    if (attempt != nullptr && is_half_rolled_back(s, *attempt, cell)) {
      cell.state = CellState::failed;
      cell.half_rolled_back = true;
      cell.at = attempt->ended_at;
      cell.by = attempt->by;
      cell.reason = "rollback failed: " + std::to_string(attempt->journal->done) + " of " +
                    std::to_string(attempt->statements) +
                    " statements are done: " + attempt->detail;
    }
  }

  // What ran outside a transaction stays done; a transaction leaves nothing. Whatever was recorded
  // since is newer.
  static bool is_half_rolled_back(const Subject& s, const Attempt& attempt, const Cell& cell) {
    const bool applied =
        cell.how && (cell.state == CellState::applied || cell.state == CellState::drifted);
    const bool stopped = attempt.outcome == Attempt::Outcome::not_applied ||
                         attempt.outcome == Attempt::Outcome::cancelled;
    const std::span records(s.record, s.record == nullptr ? 0 : 1);
    return applied && stopped &&
           half_done({&attempt, 1}, records, attempt.key, Attempt::Action::rollback) != nullptr &&
           attempt.journal->done > 0;
  }

  static void unsettled(const Attempt& attempt, Cell& cell) {
    const bool open = attempt.outcome == Attempt::Outcome::open;
    cell.state = open ? CellState::applying : CellState::unknown;
    cell.at = attempt.started_at;
    cell.by = attempt.by;
    cell.reason = open ? "" : "outcome_unknown";
  }

  void judge_cell(const Subject& s, Line& line) {
    Cell& cell = line.cell;
    const bool theirs = s.row != nullptr && s.row->state == Row::State::applied;
    const bool ours = s.record != nullptr && s.record->applied;
    if (s.row != nullptr && s.row->state == Row::State::failed) {
      failed(s, line);
    } else if (theirs) {
      applied(s, line);
    } else if (ours && s.file == nullptr &&
               (theirs_.ends_only || is_tidied_away(s, line.version))) {
      archived(s, cell);
    } else if (ours && rests_on_their_ledger(*s.record) && !theirs_.ahead_of_files) {
      vanished(s, line);
    } else if (!policy_.history_certain && (ours || !has_ledger())) {
      cell.reason = "history_uncertain";
    } else if (ours) {
      applied(s, line);
    } else if (theirs_.ahead_of_files) {
      cell.reason = "ahead_of_files";
    } else if (theirs_.covers(line.version)) {
      cell.state = CellState::applied;
      cell.how = How::reconciled;
      cell.evidence = Evidence::observed;
      cell.content = ContentVerdict::unverifiable;
      cell.reason = "below_baseline";
    } else {
      not_applied(s, line);
    }
  }

  // What was adopted needs their ledger no more, but says nothing against it while it is there.
  bool rests_on_their_ledger(const Record& record) const {
    return theirs_.asked && !record.their_row.empty() &&
           (record.how != How::adopted || has_ledger());
  }

  // Nobody misses a row of what has no file, where it went into the first file that there is, or
  // where people prune such rows.
  bool is_tidied_away(const Subject& s, const Version& version) const {
    const bool pruned = catalog_.rules.prunes && has_ledger() &&
                        observation_->tool == catalog_.layout && rests_on_their_ledger(*s.record);
    return s.row == nullptr && (pruned || theirs_.squashed(version));
  }

  bool has_ledger() const {
    return observation_ && observation_->ledger == Observation::Ledger::read;
  }

  void open(FindingKind kind,
            Line& line,
            Severity severity,
            std::string summary,
            std::map<std::string, std::string> details) {
    standing_.findings.push_back(
        {kind, line.key, line.id, severity, false, std::move(summary), std::move(details)});
    if (severity == Severity::drift) {
      line.cell.state = CellState::drifted;
    }
  }

  // Who, when, and on whose word.
  static void attribute(const Subject& s, Cell& cell) {
    const bool ours_counts = s.record != nullptr && s.record->applied;
    if (ours_counts) {
      cell.at = s.record->at;
      cell.by = s.record->by;
      cell.how = s.record->how;
      cell.evidence = s.record->evidence;
      if (s.record->content) {
        cell.sha256 = s.record->content->raw;
      }
    } else if (s.row != nullptr) {
      cell.at = s.row->at;
      cell.by = s.row->by;
      cell.how = How::reconciled;
      cell.evidence = Evidence::observed;
    }
  }

  void applied(const Subject& s, Line& line) {
    line.cell.state = CellState::applied;
    attribute(s, line.cell);
    if (s.file == nullptr) {
      applied_without_file(s, line);
    } else if (s.file->kind == MigrationKind::repeatable) {
      compare_repeatable(s, line);
    } else {
      compare_content(s, line);
    }
    find_unrecorded(s, line);
    find_skipped(s, line);
  }

  // What IF NOT EXISTS left as it was when the migration was applied.
  void find_skipped(const Subject& s, Line& line) {
    const Attempt* attempt = find(attempts_, line.key);
    const bool by_it = attempt != nullptr && attempt->outcome == Attempt::Outcome::applied &&
                       attempt->action == Attempt::Action::apply && s.record != nullptr &&
                       s.record->how == How::managed && s.record->at == attempt->ended_at;
    if (!by_it) {
      return;
    }
    if (attempt->no_op && line.cell.note.empty()) {
      line.cell.note = "no_op";
    }
    if (attempt->differences.empty()) {
      return;
    }
    const auto& [object, words] = *attempt->differences.begin();
    const auto more = attempt->differences.size() - 1;
    open(FindingKind::schema,
         line,
         Severity::drift,
         object + " exists already and differs: " + words +
             (more == 0 ? "" : "; and " + std::to_string(more) + " more"),
         attempt->differences);
  }

  // From the first that we applied or adopted on tidemark is the one to apply. What was seen
  // applied before that, and not again since, is history.
  void find_who_applies(std::span<const Record> records) {
    for (const auto& record : records) {
      if (record.how == How::managed || record.how == How::adopted) {
        began_ = began_ ? std::min(*began_, record.recorded_at) : record.recorded_at;
      }
    }
    if (!began_) {
      return;
    }
    for (const auto& record : records) {
      if (record.applied && record.how == How::reconciled && record.recorded_at < *began_) {
        history_.emplace(record.key, record.at);
      }
    }
  }

  void find_unrecorded(const Subject& s, Line& line) {
    if (!began_ || s.file == nullptr || s.row == nullptr || s.record == nullptr ||
        !s.record->applied || s.record->how != How::reconciled ||
        history_.contains({s.record->key, s.record->at})) {
      return;
    }
    std::map<std::string, std::string> details{{"their_row", s.row->token}};
    if (s.row->at) {
      details["applied_at"] = format_time(*s.row->at);
    }
    open(FindingKind::unrecorded,
         line,
         Severity::drift,
         "applied here by their tool, where tidemark is the one to apply",
         std::move(details));
  }

  void applied_without_file(const Subject& s, Line& line) {
    line.cell.content = ContentVerdict::unverifiable;
    const bool squashed = newest_baseline_file_ != nullptr && !line.version.empty() &&
                          line.version <= newest_baseline_file_->version;
    const bool archived = s.row != nullptr && theirs_.archived(*s.row);
    if (theirs_.covers(line.version) || squashed || archived) {
      line.cell.reason = "archived";
      return;
    }
    if (catalog_.unread.may_hold(line.key)) {
      line.cell.state = CellState::unknown;
      line.cell.reason = "file_unread";
      return;
    }
    std::map<std::string, std::string> details;
    if (line.cell.at) {
      details["applied_at"] = format_time(*line.cell.at);
    }
    if (!line.cell.by.empty()) {
      details["applied_by"] = line.cell.by;
    }
    if (s.record != nullptr && s.record->applied && s.record->content) {
      details["recorded_sha256"] = s.record->content->raw.hex();
      open(FindingKind::removed,
           line,
           Severity::drift,
           "applied here, and its file is gone from the directory",
           std::move(details));
    } else {
      details["description"] = line.description;
      open(FindingKind::foreign,
           line,
           Severity::drift,
           "applied here, and the directory has no such file: it landed outside the repository",
           std::move(details));
    }
  }

  void compare_content(const Subject& s, Line& line) {
    Cell& cell = line.cell;
    const Content* recorded = s.record != nullptr && s.record->applied && s.record->content
                                  ? &*s.record->content
                                  : nullptr;
    const bool edited = recorded != nullptr && recorded->normalised != s.file->content.normalised;
    // Their tool does not validate what lies below its baseline, so neither do we with its
    // checksum.
    const auto theirs = s.row != nullptr && !theirs_.covers(line.version) ? verify(*s.row, *s.file)
                                                                          : ChecksumVerdict::none;
    const bool rewritten =
        recorded != nullptr && same_but_for_line_endings(*recorded, s.file->content);
    if (rewritten) {
      cell.note = "line_endings";
    } else if ((s.record != nullptr && s.record->applied && is_renamed(s.record->id, *s.file)) ||
               (s.row != nullptr && tells_name(*s.row) && is_renamed(s.row->id, *s.file))) {
      cell.note = "renamed";
    }
    // Of checksums that chain, one that was no proof when the file was recorded is none now: what
    // lay before the file, and never ran, is another or gone.
    const bool same_as_recorded =
        recorded != nullptr && !edited && s.row != nullptr && !s.file->checksums.rests_on.empty() &&
        !s.record->their_row.empty() && s.record->their_checksum == s.row->checksum;
    cell.content = ContentVerdict::unverifiable;
    if (edited) {
      cell.content = ContentVerdict::differs;
      open_edited(s, line, *recorded, theirs);
    } else if (theirs == ChecksumVerdict::differs && !rewritten && !same_as_recorded) {
      cell.content = ContentVerdict::differs;
      std::map<std::string, std::string> details{{"their_checksum", *s.row->checksum},
                                                 {"file", s.file->file}};
      if (s.row->checksum_of_bytes) {
        details["file_checksum"] = s.file->content.raw.hex();
      } else if (!s.file->checksums.accepted.empty()) {
        details["file_checksum"] = s.file->checksums.accepted.front();
      }
      open(FindingKind::checksum,
           line,
           Severity::drift,
           "their ledger's checksum does not match " + s.file->file,
           std::move(details));
    } else if (theirs_.first_changed.contains(line.key)) {
      cell.content = ContentVerdict::differs;
      open_rechained(s, line);
    } else if (theirs == ChecksumVerdict::matches) {
      cell.content = ContentVerdict::verified;
    } else if (recorded != nullptr && cell.evidence != Evidence::observed) {
      cell.content = ContentVerdict::verified;
    }
  }

  void open_edited(const Subject& s, Line& line, const Content& recorded, ChecksumVerdict theirs) {
    std::map<std::string, std::string> details{{"file", s.file->file},
                                               {"recorded_sha256", recorded.raw.hex()},
                                               {"file_sha256", s.file->content.raw.hex()},
                                               {"recorded_at", format_time(s.record->recorded_at)}};
    if (theirs != ChecksumVerdict::none) {
      details["their_checksum"] =
          theirs == ChecksumVerdict::matches ? "still matches" : "differs too";
    }
    open(FindingKind::edited,
         line,
         Severity::drift,
         s.file->file + " was edited after it was applied: " + short_hash(recorded.raw) +
             " became " + short_hash(s.file->content.raw),
         std::move(details));
  }

  // What comes after it is called otherwise as well, which says nothing of that.
  void open_rechained(const Subject& s, Line& line) {
    const auto& theirs = theirs_.rechained.at(line.key).value;
    const auto& ours = line.key.value;
    open(FindingKind::checksum,
         line,
         Severity::drift,
         "applied here as " + theirs.substr(0, 12) + ", and the directory makes it " +
             ours.substr(0, 12) + ": it was changed since, or what comes before it",
         {{"their_checksum", theirs}, {"file_checksum", ours}, {"file", s.file->file}});
  }

  // A repeatable that changed is due again, never drift.
  void compare_repeatable(const Subject& s, Line& line) {
    Cell& cell = line.cell;
    const auto theirs = s.row != nullptr ? verify(*s.row, *s.file) : ChecksumVerdict::none;
    const bool recorded = s.record != nullptr && s.record->applied && s.record->content;
    const bool same = recorded && s.record->content->normalised == s.file->content.normalised;
    const bool outdated = theirs == ChecksumVerdict::differs ||
                          (theirs == ChecksumVerdict::none && recorded && !same);
    if (outdated) {
      cell.content = ContentVerdict::differs;
      if (due(line.key)) {
        cell.state = CellState::pending;
      } else {
        cell.state = CellState::not_due;
        cell.reason = "outdated";
      }
      return;
    }
    const bool our_word = recorded && cell.evidence != Evidence::observed;
    cell.content = theirs == ChecksumVerdict::matches || our_word ? ContentVerdict::verified
                                                                  : ContentVerdict::unverifiable;
  }

  // Nothing that is there comes after it any more, or their tool would miss it too; or its row was
  // tidied away with its file.
  void archived(const Subject& s, Cell& cell) const {
    if (catalog_.unread.may_hold(s.record->key)) {
      cell.reason = "file_unread";
      return;
    }
    attribute(s, cell);
    cell.state = CellState::applied;
    cell.content = ContentVerdict::unverifiable;
    cell.reason = "archived";
  }

  void vanished(const Subject& s, Line& line) {
    const bool undone = s.row != nullptr && s.row->state == Row::State::undone;
    if (undone && s.file == nullptr && !catalog_.unread.may_hold(line.key)) {
      line.cell.state = CellState::not_due;  // ledger and directory agree that it is over
      line.cell.reason = "undone";
      return;
    }
    attribute(s, line.cell);
    line.cell.content = ContentVerdict::unverifiable;
    if (observation_->standby) {
      line.cell.state = CellState::applied;  // a standby may merely be behind
      return;
    }
    const bool unproven = theirs_.unproven.contains(line.key);
    open(FindingKind::vanished,
         line,
         Severity::drift,
         undone ? "recorded as applied, and their ledger now says that it was undone"
         : unproven
             ? "recorded as applied, and their ledger no longer has what it replaces: their tool "
               "does not count it as applied"
             : "recorded as applied, and their ledger no longer has it",
         evidence_of_vanished(*s.record));
  }

  void failed(const Subject& s, Line& line) {
    attribute({s.file, s.row, nullptr}, line.cell);
    line.cell.content = ContentVerdict::unverifiable;
    std::map<std::string, std::string> details{{"their_row", s.row->token}};
    if (s.row->at) {
      details["at"] = format_time(*s.row->at);
    }
    std::string summary = "their ledger says that it failed here and may be half applied";
    if (s.row->reach == Row::Reach::up_to) {  // whichever way it was going
      summary += ", or what comes after it half rolled back";
    }
    open(FindingKind::dirty, line, Severity::drift, std::move(summary), std::move(details));
  }

  bool due(const Key& key) const { return !policy_.upstream || policy_.upstream->contains(key); }

  void not_applied(const Subject& s, Line& line) {
    Cell& cell = line.cell;
    cell.state = CellState::not_due;
    const bool is_baseline = s.file->kind == MigrationKind::baseline;
    if (is_baseline && (anything_applied_ || s.file != newest_baseline_file_)) {
      cell.reason = "skipped";
      return;
    }
    // On an empty database the newest baseline file runs instead of everything up to its version.
    if (!is_baseline && !anything_applied_ && newest_baseline_file_ != nullptr &&
        !line.version.empty() && line.version <= newest_baseline_file_->version) {
      cell.reason = "below_baseline";
      return;
    }
    if (const auto why = theirs_.not_due.find(line.key); why != theirs_.not_due.end()) {
      cell.reason = why->second;
      return;
    }
    if (!s.file->never.empty()) {
      cell.reason = s.file->never;
      return;
    }
    if (!due(line.key)) {
      return;
    }
    if (observation_ && observation_->standby) {
      cell.reason = "standby";
      return;
    }
    const auto& rules = catalog_.rules;
    const bool skips = rules.late == LayoutRules::Late::skipped;
    const bool compared = rules.ordered && theirs_.highest && !line.version.empty();
    // A mark is passed only by what is above it.
    const bool late =
        compared && (skips ? line.version <= *theirs_.highest : line.version < *theirs_.highest);
    if (late && skips) {
      cell.reason = "skipped";
      return;
    }
    cell.state = CellState::pending;
    cell.reason = s.file->perhaps;
    if ((late && rules.late == LayoutRules::Late::refused) || theirs_.stuck.contains(line.key)) {
      cell.reason = "out_of_order";  // their tool may refuse to run it now
    }
  }

  std::map<Key, Line*> lines_by_key() {
    std::map<Key, Line*> lines;
    for (auto& line : standing_.lines) {
      lines.emplace(line.key, &line);
    }
    return lines;
  }

  void find_out_of_order() {
    if (!observation_ || !theirs_.asked || !catalog_.rules.ordered) {
      return;
    }
    // Where the tool itself runs late files that is how people work with it, unless they say no.
    if (catalog_.rules.late == LayoutRules::Late::runs && !policy_.out_of_order_forbidden) {
      return;
    }
    const auto severity = policy_.out_of_order_forbidden ? Severity::drift : Severity::warning;
    const auto lines = lines_by_key();
    const Row* highest = nullptr;
    const auto version = [&](const Row& row) -> const Version& {
      return version_of(row, find(files_, row.key));
    };
    for (const auto& row : observation_->rows) {
      if (row.state != Row::State::applied || version(row).empty() ||
          find(theirs_.rows, row.key) != &row) {
        continue;
      }
      if (highest == nullptr || version(*highest) <= version(row)) {
        highest = &row;
        continue;
      }
      if (const auto at = lines.find(row.key); at != lines.end()) {
        open(FindingKind::out_of_order,
             *at->second,
             severity,
             "applied after " + highest->id.value + ", which has a higher version",
             {{"after", highest->id.value}});
      }
    }
  }

  void find_gaps() {
    if (!catalog_.rules.refuses_gaps || !has_ledger()) {
      return;
    }
    const auto lines = lines_by_key();
    const auto severity = policy_.out_of_order_forbidden ? Severity::drift : Severity::warning;
    for (const auto& migration : catalog_.migrations) {
      if (theirs_.applied(migration.key) == nullptr) {
        continue;
      }
      std::string without;
      for (const auto& key : lacking(migration.after)) {
        Line& before = *lines.at(key);
        without += (without.empty() ? "" : ", ") + before.id.value;
        if (before.cell.state == CellState::pending) {
          before.cell.reason = "out_of_order";
        }
      }
      if (!without.empty()) {
        open(FindingKind::out_of_order,
             *lines.at(migration.key),
             severity,
             "applied without " + without + ", which it comes after: their tool refuses to go on",
             {{"without", without}});
      }
    }
    for (const auto& [squash, without] : theirs_.stuck) {
      if (theirs_.hidden_by.contains(squash)) {
        continue;
      }
      open(FindingKind::out_of_order,
           *lines.at(squash),
           severity,
           "never runs here: of what it replaces a part is applied, and " + without.value +
               " is not and has no file",
           {{"without", without.value}});
    }
  }

  // What is not applied of these, as their tool sees it: a squash instead of what it hides, and
  // instead of one that does not count the last of what it replaces.
  std::vector<Key> lacking(const std::vector<Key>& before) const {
    std::vector<Key> missing;
    std::set<Key> visited;
    std::vector<Key> open(before.rbegin(), before.rend());
    while (!open.empty()) {
      const Key key = open.back();
      open.pop_back();
      const Migration* file = find(files_, key);
      if (file == nullptr || theirs_.applied(key) != nullptr || !visited.insert(key).second) {
        continue;
      }
      if (const auto squash = theirs_.hidden_by.find(key); squash != theirs_.hidden_by.end()) {
        open.push_back(squash->second);
      } else if (theirs_.not_due.contains(key) || theirs_.stuck.contains(key)) {
        const auto last = last_replaced(*file);
        open.insert(open.end(), last.rbegin(), last.rend());
      } else if (!theirs_.unproven.contains(key)) {
        missing.push_back(key);
      }
    }
    return missing;
  }

  std::vector<Key> last_replaced(const Migration& squash) const {
    std::set<Key> inner;
    for (const auto& key : squash.replaces) {
      if (const Migration* file = find(files_, key)) {
        inner.insert(file->after.begin(), file->after.end());
      }
    }
    std::vector<Key> last;
    std::ranges::copy_if(squash.replaces, std::back_inserter(last), [&](const Key& key) {
      return !inner.contains(key);
    });
    return last;
  }

  // Ignorance is told, and is not drift: what was last read stays, with its age.
  void find_unreadable() {
    if (observation_ && !observation_->trouble.empty()) {
      standing_.findings.push_back({FindingKind::unreadable,
                                    {observation_->table},
                                    {observation_->table},
                                    Severity::warning,
                                    true,
                                    "their ledger cannot be read: " + observation_->trouble,
                                    {{"trouble", observation_->trouble}}});
    }
  }

  void find_invalid_indexes() {
    if (standing_.looked_at) {
      for (const auto& index : observation_->invalid_indexes) {
        standing_.findings.push_back(finding_of(index));
      }
    }
  }

  const Catalog& catalog_;
  const Policy& policy_;
  const std::optional<Observation>& observation_;
  TheirSide theirs_;
  std::map<Key, const Record*> records_;
  std::map<Key, const Migration*> files_;
  std::map<Key, const Attempt*> attempts_;  // the newest of each
  const Migration* newest_baseline_file_ = nullptr;
  bool anything_applied_ = false;
  std::optional<TimePoint> began_;               // to be the one to apply
  std::set<std::pair<Key, TimePoint>> history_;  // what their tool had applied before, and when
  std::vector<Line> others_;                     // without a file
  Standing standing_;
};

}  // namespace

Standing compare(const Catalog& catalog,
                 std::span<const Record> records,
                 const std::optional<Observation>& observation,
                 const Policy& policy) {
  return Comparison(catalog, records, observation, policy).run();
}

FindingChanges changes(std::span<const StoredFinding> open,
                       const Standing& standing,
                       TimePoint now) {
  std::set<Key> unknown;
  for (const auto& line : standing.lines) {
    if (line.cell.state == CellState::unknown) {
      unknown.insert(line.key);
    }
  }
  auto seen = standing.findings;
  for (const auto& stored : open) {
    const bool about_unknown =
        !stored.finding.environmental && unknown.contains(stored.finding.key);
    const bool known_anyway =
        stored.finding.kind == FindingKind::invalid_index && standing.looked_at;
    if ((standing.blind && !known_anyway) || about_unknown) {
      seen.push_back(stored.finding);  // counts only where nothing newer was seen
    }
  }
  return changes(open, seen, now);
}

}  // namespace tidemark
