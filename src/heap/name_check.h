// Truths about names that hold in every heap of every version, for the self-check: a layout of the wrong V8 line reads
// strings and sizes well enough to walk, but would call objects by wrong names.
#pragma once

#include <cstddef>
#include <span>

#include "heap/spaces.h"
#include "layout/layout.h"
#include "memory/memory.h"

namespace corewalk {

struct NameCheck {
  static constexpr size_t kBuiltins = 8;
  size_t functions = 0;  // that were looked at
  size_t builtins = 0;   // of the kBuiltins constructors that every context has ("Object", "Map", ...), those met: the
                         // function itself, or a Map that names it as the constructor of its objects
  size_t shapes = 0;     // Maps of plain objects that were looked at
  size_t agreeing = 0;   // of these, Maps whose prototype's `constructor` is the Map's own constructor
};

// Walks a few pages of every space of one isolate; all where those say too little. Missing memory makes the counts smaller, not wrong.
NameCheck CheckNames(const Memory& memory, const Layout& layout, std::span<const Space> spaces);

}  // namespace corewalk
