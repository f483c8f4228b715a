// Pages that had memory behind them, as far as a memory can tell without looking at them: what a core file or a live
// process can beside Memory. See residency.h for what is made of it.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "memory/memory.h"

namespace corewalk {

struct UsedPages {
  enum class Source { kUnknown, kFileHoles, kPagemap };
  Source source = Source::kUnknown;
  std::vector<std::pair<Address, Address>> ranges;  // [first, second), by rising address
  uint64_t swapped_bytes = 0;
};

class TellsUsedPages {
 public:
  virtual ~TellsUsedPages() = default;
  virtual UsedPages FindUsedPages() const = 0;
};

}  // namespace corewalk
