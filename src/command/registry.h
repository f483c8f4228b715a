// The commands of a program by name. Filled once at the start; after that read-only and safe for several threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "command/command.h"

namespace corewalk {

class Registry {
 public:
  void Add(std::unique_ptr<Command> command) { commands_.push_back(std::move(command)); }

  // By name, alias, or a beginning that fits only one command. kUsage with a hint when there is none or more than one.
  Result<const Command*> Find(std::string_view word) const;

  const std::vector<std::unique_ptr<Command>>& commands() const { return commands_; }

 private:
  std::vector<std::unique_ptr<Command>> commands_;
};

// All commands of corewalk, in the order of the help text.
Registry BuiltinCommands();

}  // namespace corewalk
