#include "analysis/function_census.h"

#include "heap/tagged.h"

namespace corewalk {

FunctionCensus TakeFunctionCensus(const HeapModel& model, HeapReader& reader, const HeapWalkOptions& options,
                                  const Cancel& cancel) {
  const InstanceTypes& types = reader.layout().types;
  const uint16_t script_type = static_cast<uint16_t>(types.Number("SCRIPT_TYPE"));
  const uint16_t bound_type = static_cast<uint16_t>(types.Number("JS_BOUND_FUNCTION_TYPE"));
  FunctionCensus census;
  std::unordered_map<uint64_t, size_t> index;  // by SharedFunctionInfo
  const auto tally_of = [&](uint64_t shared) -> FunctionTally& {
    const auto [at, is_new] = index.try_emplace(shared, census.functions.size());
    if (is_new) census.functions.push_back({.shared = shared});
    return census.functions[at->second];
  };
  const auto wanted = [&](const MapInfo& map, Address) {
    return (types.IsJSFunction(map.instance_type) && map.instance_type != bound_type) ||
           types.IsSharedFunctionInfo(map.instance_type) || map.instance_type == script_type;
  };
  census.gaps = VisitObjects(model, options, cancel, wanted, [&](const MapInfo& map, Address address, uint64_t size, const Page&) {
    if (types.IsSharedFunctionInfo(map.instance_type)) {
      tally_of(address + 1).met = true;
    } else if (map.instance_type == script_type) {
      census.scripts.push_back(address + 1);
    } else {
      const uint64_t shared = reader.Field(address + 1, ObjectField::kFunctionShared).value_or(0);
      if (!LooksLikePointer(shared)) {
        ++census.closures_without;
        census.closures_without_bytes += size;
        return true;
      }
      FunctionTally& tally = tally_of(shared);
      if (tally.closures++ == 0) tally.sample = address;
      tally.bytes += size;
    }
    return true;
  });
  // What closures name but is no SharedFunctionInfo: damage.
  std::erase_if(census.functions, [&](const FunctionTally& tally) {
    const MapInfo* map = tally.met ? nullptr : reader.MapOf(tally.shared);
    if (tally.met || (map != nullptr && types.IsSharedFunctionInfo(map->instance_type))) return false;
    census.closures_without += tally.closures;
    census.closures_without_bytes += tally.bytes;
    return true;
  });
  return census;
}

}  // namespace corewalk
