// Memory of a process of this machine, of which /proc tells more: its limits, its open files. A debugger's memory may be
// that, too.
#pragma once

#include "memory/memory.h"

namespace corewalk {

class TellsLocalProcess {
 public:
  virtual ~TellsLocalProcess() = default;
  virtual int LocalProcess() const = 0;  // its id, 0 = it is none
};

// 0 for cores and processes of other machines.
inline int LocalProcessOf(const Memory& memory) {
  if (memory.Kind() == TargetKind::kLiveProcess) return memory.Process().pid;
  const auto* local = dynamic_cast<const TellsLocalProcess*>(&memory);
  return local == nullptr ? 0 : local->LocalProcess();
}

}  // namespace corewalk
