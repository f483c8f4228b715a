#include "node/secrets.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace corewalk {
namespace {

bool IsUpper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool IsAlphanumeric(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}
bool IsTokenCharacter(char c) {
  return IsAlphanumeric(c) || c == '_' || c == '-' || c == '.' || c == '+' || c == '/' || c == '=';
}

// "dbPassword", "DB_PASSWORD" -> {"db", "password"}.
std::vector<std::string> WordsOf(std::string_view name) {
  std::vector<std::string> words(1);
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (!IsAlphanumeric(c)) {
      if (!words.back().empty()) words.emplace_back();
      continue;
    }
    if (IsUpper(c) && i > 0 && !IsUpper(name[i - 1]) && !words.back().empty()) words.emplace_back();
    words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

constexpr std::array<std::string_view, 15> kSecretParts = {
    "secret",     "password",   "passwd",        "passphrase", "token",
    "credential", "apikey",     "accesskey",     "privatekey", "authorization",
    "cookie",     "signingkey", "encryptionkey", "secretkey",  "connectionstring"};
constexpr std::array<std::string_view, 12> kSecretWords = {"pass", "pwd",  "pw",  "key", "keys", "auth",
                                                           "jwt",  "salt", "dsn", "pin", "psk",  "creds"};

// Position behind the scheme of a URL that begins at or after `from`, npos when there is none.
size_t BehindScheme(std::string_view text, size_t from) {
  const size_t at = text.find("://", from);
  return at == std::string_view::npos ? at : at + 3;
}

// user:password@ -> user:MASK@, and token@ -> MASK@.
void MaskUrls(std::string* text) {
  for (size_t at = BehindScheme(*text, 0); at != std::string::npos; at = BehindScheme(*text, at)) {
    const size_t end = std::min(text->find_first_of("/?# \t\n\"'", at), text->size());
    // A password may hold a '/' or '?' that should have been escaped: then its '@' stands behind that, yet before a
    // blank; only a text with ':' before it can be meant.
    size_t sign = text->rfind('@', end == 0 ? 0 : end - 1);
    if (sign == std::string::npos || sign < at) {
      const size_t colon = text->find(':', at);
      const size_t blank = std::min(text->find_first_of(" \t\n\"'", at), text->size());
      sign = text->find('@', at);
      const bool port =
          colon < end && colon + 1 < text->size() && std::isdigit(static_cast<unsigned char>((*text)[colon + 1]));
      if (sign == std::string::npos || sign > blank || colon == std::string::npos || colon > end || port) continue;
    }
    const size_t colon = text->find(':', at);
    const size_t from = colon != std::string::npos && colon < sign ? colon + 1 : at;
    if (from == sign) continue;
    text->replace(from, sign - from, kMask);
    at = from + kMask.size();
  }
}

// NAME=value, name: value and the like inside a text: queries of URLs, connection strings ("Server=x;Password=y").
void MaskAssignments(std::string* text) {
  for (size_t at = text->find('='); at != std::string::npos; at = text->find('=', at + 1)) {
    size_t begin = at;
    while (begin > 0 && (IsAlphanumeric((*text)[begin - 1]) || (*text)[begin - 1] == '_' || (*text)[begin - 1] == '-'))
      --begin;
    const std::string_view name = std::string_view(*text).substr(begin, at - begin);
    if (name.empty() || !IsSecretName(name)) continue;
    const size_t end = std::min(text->find_first_of("&; \t\n\"',", at + 1), text->size());
    if (end == at + 1) continue;
    text->replace(at + 1, end - at - 1, kMask);
    at += kMask.size();
  }
}

// "Bearer x", "Basic x": RFC 6750, RFC 7617.
void MaskSchemes(std::string* text) {
  for (const std::string_view scheme : {"Bearer ", "bearer ", "Basic "}) {
    for (size_t at = text->find(scheme); at != std::string::npos; at = text->find(scheme, at + 1)) {
      const size_t begin = at + scheme.size();
      size_t end = begin;
      while (end < text->size() && IsTokenCharacter((*text)[end])) ++end;
      constexpr size_t kShortest = 8;
      if (end - begin >= kShortest) text->replace(begin, end - begin, kMask);
    }
  }
}

// Tokens that tell by their first letters what they are.
void MaskTokens(std::string* text) {
  struct Form {
    std::string_view begin;
    size_t at_least;  // characters behind it
  };
  constexpr std::array<Form, 17> kForms = {{{"ghp_", 20},
                                            {"gho_", 20},
                                            {"ghs_", 20},
                                            {"ghu_", 20},
                                            {"github_pat_", 20},
                                            {"glpat-", 16},
                                            {"npm_", 30},
                                            {"sk-", 16},
                                            {"sk_live_", 10},
                                            {"sk_test_", 10},
                                            {"rk_live_", 10},
                                            {"xoxb-", 10},
                                            {"xoxp-", 10},
                                            {"xapp-", 10},
                                            {"AKIA", 12},
                                            {"AIza", 20},
                                            {"eyJ", 20}}};
  for (const Form& form : kForms) {
    for (size_t at = text->find(form.begin); at != std::string::npos; at = text->find(form.begin, at + 1)) {
      if (at > 0 && IsAlphanumeric((*text)[at - 1])) continue;
      size_t end = at + form.begin.size();
      while (end < text->size() && IsTokenCharacter((*text)[end])) ++end;
      if (end - at - form.begin.size() < form.at_least) continue;
      text->replace(at, end - at, kMask);
    }
  }
  constexpr std::string_view kBegin = "PRIVATE KEY-----", kEnd = "-----END";
  for (size_t at = text->find(kBegin); at != std::string::npos; at = text->find(kBegin, at + 1)) {
    const size_t dashes = text->rfind("-----", at);
    if (dashes == std::string::npos || !std::string_view(*text).substr(dashes).starts_with("-----BEGIN")) continue;
    const size_t begin = at + kBegin.size();
    const size_t end = std::min(text->find(kEnd, begin), text->size());
    text->replace(begin, end - begin, kMask);
    at = begin + kMask.size();
  }
}

}  // namespace

bool IsSecretName(std::string_view name) {
  constexpr size_t kLongest = 256;
  name = name.substr(0, kLongest);
  const std::vector<std::string> words = WordsOf(name);
  if (words.empty()) return false;
  // The shell's directories; names of files and sockets are no secrets.
  if (words.size() == 1 && (words[0] == "pwd" || words[0] == "oldpwd")) return false;
  for (const std::string_view harmless : {"sock", "file", "path", "dir"}) {
    if (words.back() == harmless) return false;
  }
  std::string joined;
  for (const std::string& word : words) joined += word;
  if (std::ranges::any_of(kSecretParts, [&](std::string_view part) { return joined.find(part) != std::string::npos; }))
    return true;
  return std::ranges::any_of(
      words, [](const std::string& word) { return std::ranges::find(kSecretWords, word) != kSecretWords.end(); });
}

std::string MaskSecrets(std::string_view text) {
  std::string masked(text);
  MaskUrls(&masked);
  MaskAssignments(&masked);
  MaskSchemes(&masked);
  MaskTokens(&masked);
  return masked;
}

UntrustedText MaskVariable(std::string_view name, const UntrustedText& value) {
  if (value.empty()) return value;
  return UntrustedText(IsSecretName(name) ? std::string(kMask) : MaskSecrets(value.raw()));
}

std::vector<UntrustedText> MaskArguments(const std::vector<UntrustedText>& words) {
  std::vector<UntrustedText> masked;
  bool value_follows = false;
  for (const UntrustedText& text : words) {
    const std::string& word = text.raw();
    const bool option = word.starts_with("-");
    if (value_follows && !option && !word.empty()) {
      masked.emplace_back(std::string(kMask));
      value_follows = false;
      continue;
    }
    const size_t equals = word.find('=');
    value_follows = option && equals == std::string::npos && IsSecretName(word);
    if (option && equals != std::string::npos && equals + 1 < word.size() && IsSecretName(word.substr(0, equals))) {
      masked.emplace_back(word.substr(0, equals + 1) + std::string(kMask));
    } else {
      masked.emplace_back(MaskSecrets(word));
    }
  }
  return masked;
}

}  // namespace corewalk
