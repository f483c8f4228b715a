// Where a ScopeInfo keeps its parts, by V8 line (src/objects/scope-info.{h,tq}). The fields in order: flags, parameter
// count, context local count, [start, end], [module variable count], names, infos, [saved class variable], [receiver],
// [function variable: name, slot], [inferred name], [start, end: of functions, scripts, evals and modules], ...
#pragma once

#include <cstdint>
#include <string_view>

#include "layout/v8_version.h"

namespace corewalk {

// How the scope types are numbered (src/common/globals.h: ScopeType), by the first.
enum class ScopeTypeOrder : uint8_t { kEvalFirst, kClassFirst, kScriptFirst };

struct ScopeInfoShape {
  V8Version first;             // line from which it holds
  uint8_t fields_from;         // bytes: behind the header of a FixedArray (16) or of a ScopeInfo (8)
  bool raw_flags;              // a plain u32 instead of a Smi; start and end position follow the counts
  bool module_count_in_front;  // the module variable count stands before the names
  uint8_t hashed_names_from;   // this many names or more live in one hash table; 0 = never
  uint8_t module_scope_type;
  int8_t saved_class_variable_bit;  // -1 = no such part
  int8_t receiver_shift;            // two bits: 1 stack, 2 context allocated; -1 = no such part
  int8_t function_variable_shift;   // two bits, 0 = none
  int8_t inferred_name_bit;
  ScopeTypeOrder scope_types;
};

// Bit of the flags: contexts of this scope have the extension slot in front of their variables. Contexts always had it
// before 8.1 (ObjectFacts::context_locals).
inline constexpr int kScopeHasExtensionSlotBit = 26;

enum class ScopeType : uint8_t {
  kClass, kEval, kFunction, kModule, kScript, kCatch, kBlock, kWith, kRepl, kShadowRealm, kUnknown
};
ScopeType ScopeTypeOf(const ScopeInfoShape& shape, uint32_t flags);
// "function", "block", ...
std::string_view ScopeTypeName(ScopeType type);

// The shape of the newest line that is not newer than `version` (the newest shape for an unknown version).
const ScopeInfoShape& FindScopeInfoShape(const V8Version& version);

// How V8 names an object's constructor (JSReceiver::GetConstructorName): what changed and when.
struct NamingRule {
  V8Version first;
  // Symbol.toStringTag is searched along the whole prototype chain before `constructor` is (up to 9.x); later both are
  // looked up object by object.
  bool tag_before_constructor;
  // The function's own data property `name` wins over the name in its SharedFunctionInfo (14.6).
  bool own_name_first;
  // Bits of the Map: the object was made by `new` of the constructor itself, not of a subclass; the Map is that of a
  // prototype object. They moved from one bit field to the other in 7.7.
  uint8_t new_target_is_base_bits2;
  uint32_t new_target_is_base_bits3;
  uint8_t prototype_map_bits2;
  uint32_t prototype_map_bits3;
};
const NamingRule& FindNamingRule(const V8Version& version);

}  // namespace corewalk
