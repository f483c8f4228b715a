// References and values in a few words, for lists: "Session.cache", "Map[\"a\"]", "Function next (context)". All of it
// is safe to print.
#pragma once

#include <span>
#include <string>

#include "analysis/referrers.h"

namespace corewalk {

// One value: 42, "text"..., undefined, Session, Function next. Strings are cut after `units` UTF-16 units.
std::string BriefValue(HeapReader& reader, uint64_t tagged, uint64_t units = 60);

// What a name of an object's word looks like behind the object: ".cache", "[3]", "[\"a\"]", " (context)".
std::string SlotText(HeapReader& reader, const SlotName& name);
std::string PathText(HeapReader& reader, std::span<const SlotName> path);

// The same without the object in front: ".cache", "(context)".
std::string StepText(HeapReader& reader, std::span<const SlotName> path);

// The object that a path starts at: "Session", "Context", "Function next".
std::string OwnerText(HeapReader& reader, Address owner);

// What a root is: "(root empty_string)", "(stack of thread 12)".
std::string RootText(const RootReferrer& root);

// "property", "element", "variable", "key", "value", "member", "field": for JSON.
std::string_view SlotKindName(SlotKind kind);

}  // namespace corewalk
