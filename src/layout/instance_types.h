// Instance types of one V8: number -> name, and what a name means to us. The numbers change with every V8 line, the
// names hardly ever: everything above this file asks by name or by category.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "layout/size_rule.h"

namespace corewalk {

// What DevTools' heap snapshots call the kind of a node (V8: src/profiler/heap-snapshot-generator.cc, AddEntry), plus
// what only a page walk meets.
enum class Category : uint8_t {
  kObject,
  kClosure,
  kRegExp,
  kString,
  kConsString,
  kSlicedString,
  kSymbol,
  kBigInt,
  kNumber,
  kArray,
  kCode,
  kObjectShape,
  kContext,
  kHidden,
  kFree,  // kFree: free space and fillers, which are no objects
  kCount
};
std::string_view CategoryName(
    Category category);  // DevTools' node type: "object", "closure", "concatenated string", ...

enum class LayoutSource : uint8_t { kUnknown, kBinary, kCalibrated, kTable, kAssumed };
std::string_view LayoutSourceName(LayoutSource source);

struct InstanceType {
  std::string name;  // V8's: "FIXED_ARRAY_TYPE"; "" when nothing names this number
  LayoutSource source = LayoutSource::kUnknown;
  Category category = Category::kHidden;
  SizeKind size_kind = SizeKind::kUnknown;  // when the Map says "variable size"
};

class InstanceTypes {
 public:
  InstanceTypes() : types_(kCount) {}

  // Names a number unless it has a name already; the first source wins.
  void Name(uint32_t number, std::string_view name, LayoutSource source);
  // Fills in categories and size kinds once all names are known. `first_nonstring` is v8dbg FirstNonstringType, the
  // context range FirstContextType..LastContextType (0, 0 when unknown).
  void Finish(uint32_t first_nonstring, uint32_t first_context, uint32_t last_context);

  const InstanceType& at(uint32_t number) const { return types_[number < kCount ? number : 0]; }
  // The number called `name`, or -1.
  int Number(std::string_view name) const;

  bool IsString(uint32_t number) const { return number < first_nonstring_; }
  bool IsContext(uint32_t number) const { return number >= first_context_ && number <= last_context_ && last_context_; }
  bool IsJSReceiver(uint32_t number) const { return number >= first_receiver_; }
  bool IsMap(uint32_t number) const { return static_cast<int>(number) == map_; }
  bool IsSharedFunctionInfo(uint32_t number) const { return static_cast<int>(number) == shared_function_info_; }
  bool IsScopeInfo(uint32_t number) const { return static_cast<int>(number) == scope_info_; }
  bool IsNativeContext(uint32_t number) const { return static_cast<int>(number) == native_context_; }
  bool IsFunctionTemplateInfo(uint32_t number) const { return static_cast<int>(number) == function_template_info_; }
  bool IsTuple2(uint32_t number) const { return static_cast<int>(number) == tuple2_; }
  bool IsDescriptorArray(uint32_t number) const { return at(number).size_kind == SizeKind::kDescriptorArray; }
  bool IsJSFunction(uint32_t number) const { return at(number).category == Category::kClosure; }
  bool IsJSProxy(uint32_t number) const { return static_cast<int>(number) == proxy_; }
  bool IsArrayBuffer(uint32_t number) const { return static_cast<int>(number) == array_buffer_; }
  bool IsSymbol(uint32_t number) const { return at(number).category == Category::kSymbol; }
  uint32_t first_receiver() const { return first_receiver_; }
  uint32_t first_nonstring() const { return first_nonstring_; }

  static constexpr uint32_t kCount = 4096;  // instance types are well below in every version (the largest is 2167)

 private:
  Category CategoryOf(uint32_t number, const std::string& name) const;

  std::vector<InstanceType> types_;
  uint32_t first_nonstring_ = 64;
  uint32_t first_context_ = 0;
  uint32_t last_context_ = 0;
  uint32_t first_receiver_ = 1024;
  int map_ = -1;
  int shared_function_info_ = -1;
  int scope_info_ = -1;
  int native_context_ = -1;
  int function_template_info_ = -1;
  int tuple2_ = -1;
  int proxy_ = -1;
  int array_buffer_ = -1;
};

// Bits of a string's instance type, the same from V8 7.4 to 14.6 (src/objects/instance-type.h).
namespace string_bits {
inline constexpr uint32_t kRepresentationMask = 7;
inline constexpr uint32_t kSeq = 0;
inline constexpr uint32_t kCons = 1;
inline constexpr uint32_t kExternal = 2;
inline constexpr uint32_t kSliced = 3;
inline constexpr uint32_t kThin = 5;
inline constexpr uint32_t kOneByte = 8;
}  // namespace string_bits

}  // namespace corewalk
