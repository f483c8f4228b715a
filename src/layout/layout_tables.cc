// The one list of layout tables. A new V8 line is one data file and one entry here; scripts/gen-layout writes both.
#include "layout/layout_tables.h"

namespace corewalk {
namespace {

constexpr const LayoutTable* kTables[] = {
    &kV8_7_4,  &kV8_7_5,  &kV8_7_6,  &kV8_7_7,  &kV8_7_8,  &kV8_7_8_279_23, &kV8_7_9,  &kV8_8_1,  &kV8_8_3,  &kV8_8_4,
    &kV8_8_6,  &kV8_9_0,  &kV8_9_1,  &kV8_9_2,  &kV8_9_4,  &kV8_9_5,        &kV8_9_6,  &kV8_10_1, &kV8_10_2, &kV8_10_7,
    &kV8_10_8, &kV8_11_3, &kV8_11_8, &kV8_12_4, &kV8_12_9, &kV8_13_6,       &kV8_14_1, &kV8_14_6,
};

}  // namespace

std::span<const LayoutTable* const> LayoutTables() {
  return kTables;
}

}  // namespace corewalk
