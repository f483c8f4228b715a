// The tables of all V8 lines, one data file each. Written by scripts/gen-layout.
#pragma once

#include "layout/layout.h"

namespace corewalk {

extern const LayoutTable kV8_7_4;
extern const LayoutTable kV8_7_5;
extern const LayoutTable kV8_7_6;
extern const LayoutTable kV8_7_7;
extern const LayoutTable kV8_7_8;
extern const LayoutTable kV8_7_8_279_23;
extern const LayoutTable kV8_7_9;
extern const LayoutTable kV8_8_1;
extern const LayoutTable kV8_8_3;
extern const LayoutTable kV8_8_4;
extern const LayoutTable kV8_8_6;
extern const LayoutTable kV8_9_0;
extern const LayoutTable kV8_9_1;
extern const LayoutTable kV8_9_2;
extern const LayoutTable kV8_9_4;
extern const LayoutTable kV8_9_5;
extern const LayoutTable kV8_9_6;
extern const LayoutTable kV8_10_1;
extern const LayoutTable kV8_10_2;
extern const LayoutTable kV8_10_7;
extern const LayoutTable kV8_10_8;
extern const LayoutTable kV8_11_3;
extern const LayoutTable kV8_11_8;
extern const LayoutTable kV8_12_4;
extern const LayoutTable kV8_12_9;
extern const LayoutTable kV8_13_6;
extern const LayoutTable kV8_14_1;
extern const LayoutTable kV8_14_6;

}  // namespace corewalk
