// What of a process's arguments and environment must not be shown to whoever reads an answer: values of variables and
// options whose names look like those of secrets, passwords in URLs, texts that have the form of well-known tokens. It
// errs on the side of hiding; it cannot know every secret. Pure functions over any bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/untrusted_text.h"

namespace corewalk {

// What stands in place of a secret.
inline constexpr std::string_view kMask = "********";

// "DB_PASSWORD", "api-key", "githubToken"; not "PWD", "KEYBOARD_LAYOUT", "SSH_AUTH_SOCK".
bool IsSecretName(std::string_view name);

// The text with what looks like a secret inside it masked.
std::string MaskSecrets(std::string_view text);
// The value of a variable.
UntrustedText MaskVariable(std::string_view name, const UntrustedText& value);
// Words of a command line: "--token=x", "--token x", "NAME=x", and all that MaskSecrets() finds.
std::vector<UntrustedText> MaskArguments(const std::vector<UntrustedText>& words);

}  // namespace corewalk
