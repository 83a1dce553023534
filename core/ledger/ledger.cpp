#include "core/ledger/observation.h"
#include "core/ledger/record.h"

namespace tidemark {

std::string_view to_string(How how) {
  switch (how) {
    case How::managed:
      return "managed";
    case How::marked:
      return "marked";
    case How::reconciled:
      return "reconciled";
    case How::adopted:
      return "adopted";
    case How::rolled_back:
      return "rolled_back";
  }
  return "";
}

std::string_view to_string(Evidence evidence) {
  switch (evidence) {
    case Evidence::executed:
      return "executed";
    case Evidence::observed:
      return "observed";
    case Evidence::attested:
      return "attested";
  }
  return "";
}

std::string_view to_string(Row::State state) {
  switch (state) {
    case Row::State::applied:
      return "applied";
    case Row::State::failed:
      return "failed";
    case Row::State::baseline:
      return "baseline";
    case Row::State::undone:
      return "undone";
  }
  return "";
}

std::optional<How> parse_how(std::string_view text) {
  for (const auto how :
       {How::managed, How::marked, How::reconciled, How::adopted, How::rolled_back}) {
    if (to_string(how) == text) {
      return how;
    }
  }
  return std::nullopt;
}

std::optional<Evidence> parse_evidence(std::string_view text) {
  for (const auto evidence : {Evidence::executed, Evidence::observed, Evidence::attested}) {
    if (to_string(evidence) == text) {
      return evidence;
    }
  }
  return std::nullopt;
}

bool same_sight(const Observation& a, const Observation& b) {
  return a.ledger == b.ledger && a.tool == b.tool && a.table == b.table && a.rows == b.rows &&
         a.trouble == b.trouble && a.at_work == b.at_work && a.standby == b.standby &&
         a.identity == b.identity && a.invalid_indexes == b.invalid_indexes;
}

}  // namespace tidemark
