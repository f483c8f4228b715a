// Names of objects as DevTools shows them: V8's own JSReceiver::GetConstructorName for JavaScript objects, DevTools'
// class names in parentheses for engine kinds. Computed per Map and cached.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "heap/map_cache.h"
#include "layout/layout.h"
#include "memory/memory.h"

namespace corewalk {

class NameResolver {
 public:
  NameResolver(const Memory& memory, const Layout& layout) : memory_(memory), layout_(layout) {}

  // Class name of objects with this Map: "Session", "Object", "Function" for closures, "(string)", "(array)", ...
  // `sample` is the address of one such object (0 = none at hand), needed only for objects that carry their own
  // Symbol.toStringTag. Raw target text.
  const std::string& ClassName(const MapInfo& map, Address sample);
  // The class name of this one object. Objects in dictionary mode share Maps although each may carry a Symbol.toStringTag
  // of its own (Intl, Math): there ClassName() tells what most of them are.
  std::string ClassNameOf(const MapInfo& map, Address object);
  // A Map of ordinary objects in dictionary mode, which V8 lets many share (NormalizedMapCache).
  bool SharesDictionaryMap(const MapInfo& map) const;
  // The Map of a prototype, which has it for itself.
  bool IsPrototypeMap(const MapInfo& map) const;
  // Whether an object with such a Map has a name of its own. Asked of every one of them, so large dictionaries, which no
  // namespace object has, are not looked through.
  bool HasOwnName(const MapInfo& map, Address object);
  // The name of one object for a list: a function's own name, else its class name.
  std::string ObjectName(const MapInfo& map, Address object);
  // Names of the object's own named properties in order, symbols as "Symbol(text)"; at most 10,000.
  std::vector<std::string> PropertyNames(const MapInfo& map, Address object);
  // SharedFunctionInfo's name of a JSFunction (tagged), else the inferred one; "" for an anonymous function.
  std::string FunctionName(uint64_t function);
  // The same of a SharedFunctionInfo (tagged), and the name that its ScopeInfo gives to the function of a scope: the
  // function's own, else the inferred one.
  std::string SharedName(uint64_t shared);
  std::string ScopeName(uint64_t scope_info) {
    std::string name = ScopeInfoName(scope_info, false);
    return name.empty() ? ScopeInfoName(scope_info, true) : name;
  }
  // The Map names a constructor function, and the prototype of its objects has that same function as its own data
  // property `constructor`: true for most Maps of objects of any program, and never by chance. For the self-check.
  bool PrototypeLeadsBack(const MapInfo& map);
  // FunctionName() of the constructor function that the Map names; "" when there is none.
  std::string MapConstructorName(const MapInfo& map) { return FunctionName(ConstructorOf(map)); }

 private:
  enum class Key : uint8_t { kOther, kToStringTag, kConstructor, kName };
  // `own_tag`: whether the receiver's own Symbol.toStringTag counts.
  std::string ConstructorName(const MapInfo& map, Address sample, bool own_tag);
  // What would name objects of this Map (its constructor, that function's name, the prototype) is not in the core.
  bool NameIsMissing(const MapInfo& map);
  // JSReceiver::class_name of a wrapper: that of what it wraps.
  std::string WrapperName(Address wrapper);
  std::string ComputeClassName(const MapInfo& map, Address sample);
  // Name of a constructor function when it says something: not empty and not "Object".
  std::string UsableName(uint64_t function);
  uint64_t ConstructorOf(const MapInfo& map);
  Key KeyOf(uint64_t name);
  // The value of a property of the global object: its dictionary holds cells.
  uint64_t GlobalProperty(Address dictionary, Key key);
  // The value of the object's own data property, or 0 (accessors do not count, as in V8).
  uint64_t OwnDataProperty(Address object, const MapInfo& map, Key key);
  std::string StringOf(uint64_t tagged);
  std::string ScopeInfoName(uint64_t scope_info, bool inferred);

  const Memory& memory_;
  const Layout& layout_;
  std::unordered_map<uint64_t, std::string> class_names_;  // by map word
  std::unordered_map<uint64_t, Key> keys_;
};

}  // namespace corewalk
