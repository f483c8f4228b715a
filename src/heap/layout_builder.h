// Puts the layout together: constants and instance types from the binary, from the maps that the roots table names, and
// from the table of the V8 line, in this order of trust.
#pragma once

#include <span>

#include "heap/page_calibration.h"
#include "layout/binary_facts.h"
#include "layout/layout.h"

namespace corewalk {

// `binary` and `table` may be null. Size rules and page geometry are not touched. Every constant that neither knows is
// left unknown (readers then assume the value of the newest versions).
void FillLayout(const Memory& memory, const BinaryFacts* binary, const LayoutTable* table, const RootsTable& roots,
                Layout* layout);

}  // namespace corewalk
