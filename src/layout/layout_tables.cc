// The one list of layout tables. A new V8 line is one data file and one entry here (scripts/gen-layout writes the file).
#include "layout/layout.h"

namespace corewalk {

std::span<const LayoutTable* const> LayoutTables() { return {}; }

}  // namespace corewalk
