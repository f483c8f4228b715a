// The fixture of tests of views: a heap of each of kTestedLines and a reader over it. Header only.
#pragma once

#include <gtest/gtest.h>

#include "heap/testing/fake_zoo.h"
#include "heap/views/heap_reader.h"

namespace corewalk::testing {

class ViewTest : public ::testing::TestWithParam<V8Version> {
 protected:
  uint64_t Smi(int64_t value) const { return FakeObjects::Smi(value); }
  // What an earlier reader had cached may have changed.
  HeapReader& NewReader() { return reader_.emplace(heap_.memory(), heap_.layout(), &names_); }

  FakeObjects heap_{GetParam()};
  NameResolver names_{heap_.memory(), heap_.layout()};
  std::optional<HeapReader> reader_{std::in_place, heap_.memory(), heap_.layout(), &names_};
};

inline std::string LineName(const ::testing::TestParamInfo<V8Version>& info) {
  return "V8_" + std::to_string(info.param.major) + "_" + std::to_string(info.param.minor);
}

}  // namespace corewalk::testing
