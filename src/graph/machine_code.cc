#include "graph/machine_code.h"

namespace corewalk {

bool IsWeakInCode(uint64_t word, const HeapModel& model, MapCache* maps) {
  const Memory& memory = model.memory();
  const InstanceTypes& types = model.layout().types;
  MapCache::Slot* const slot = maps->Find(memory.ReadWord(Untag(word)).value_or(0));
  if (slot == nullptr) return true;  // no object, or a moved one
  const uint16_t type = maps->info(*slot).instance_type;
  if (types.IsJSReceiver(type) || types.IsContext(type) || types.at(type).name == "PROPERTY_CELL_TYPE") return true;
  MapInfo shape;  // those that can become others: of JavaScript objects
  return types.IsMap(type) && ReadMap(memory, model.layout(), word, &shape) && types.IsJSReceiver(shape.instance_type);
}

}  // namespace corewalk
