// Scripts of Node.js's own library by their names: "node:events" and "node:internal/timers" since 15, "events.js" and
// "internal/timers.js" before.
#pragma once

#include <string>
#include <string_view>

namespace corewalk {

// Whether `name` is that of lib/<module>.js.
inline bool IsNodeScriptCalled(std::string_view name, std::string_view module) {
  constexpr std::string_view kScheme = "node:", kEnd = ".js";
  if (name.starts_with(kScheme)) return name.substr(kScheme.size()) == module;
  return name.ends_with(kEnd) && name.substr(0, name.size() - kEnd.size()) == module;
}

// Whether a script of this name is part of Node.js. Before 15 such names are relative paths, which a program's own
// scripts have only when it compiles them with such a name (vm).
inline bool IsNodeScript(std::string_view name) {
  if (name.starts_with("node:")) return true;
  return name.ends_with(".js") && !name.starts_with('/') && !name.starts_with('.') &&
         name.find("://") == std::string_view::npos && name.find('\\') == std::string_view::npos &&
         (name.starts_with("internal/") || name.find('/') == std::string_view::npos);
}

}  // namespace corewalk
