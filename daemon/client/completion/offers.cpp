#include <algorithm>

#include "daemon/client/completion/completion.h"

namespace tidemark::client {

Offer offer_for(std::string_view label) {
  if (label == "APP/ENV") {
    return {{}, {"environments"}};
  }
  if (label == "APP[/ENV]") {
    return {{}, {"apps", "environments"}};
  }
  if (label == "APP") {
    return {{}, {"apps"}};
  }
  if (label == "MIGRATION") {
    return {{}, {"migrations"}};
  }
  if (label == "FINDING") {
    return {{}, {"findings"}};
  }
  if (label == "FILE" || label == "PATH") {
    return {{}, {}, true};
  }
  Offer offer;
  if (label.find('|') == std::string_view::npos) {
    return offer;  // TIME, TEXT, WHO: nobody but the person knows
  }
  for (std::size_t start = 0; start <= label.size();) {
    const auto end = std::min(label.find('|', start), label.size());
    offer.words.emplace_back(label.substr(start, end - start));
    start = end + 1;
  }
  return offer;
}

Places places_of(const CommandSyntax& command) {
  Places places;
  for (const auto& label : command.positionals) {
    places.offers.push_back(offer_for(label));
  }
  if (!command.below.empty()) {
    Offer below;
    for (const auto& sub : command.below) {
      below.words.push_back(sub.name);
    }
    places.offers.push_back(std::move(below));
  }
  places.repeats = command.last_repeats;
  return places;
}

std::vector<OptionSyntax> all_options(const CommandSyntax& root) {
  auto options = root.options;
  for (const auto& command : root.below) {
    for (const auto& option : command.options) {
      const bool known = std::any_of(options.begin(), options.end(), [&](const auto& other) {
        return other.names == option.names;
      });
      if (!known) {
        options.push_back(option);
      }
    }
  }
  return options;
}

std::vector<std::string> option_words(const CommandSyntax& root, const CommandSyntax& command) {
  std::vector<std::string> words;
  for (const auto* from : {&command, &root}) {
    for (const auto& option : from->options) {
      for (const auto& name : option.names) {
        if (std::find(words.begin(), words.end(), name) == words.end() && name != "--version") {
          words.push_back(name);
        }
      }
    }
  }
  return words;
}

std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

std::string alternatives(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const auto& word : words) {
    text += (text.empty() ? "" : std::string(between)) + word;
  }
  return text;
}

}  // namespace tidemark::client
