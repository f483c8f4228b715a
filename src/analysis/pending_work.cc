#include "analysis/pending_work.h"

#include "analysis/handle_owners.h"
#include "analysis/program_callback.h"

namespace corewalk {
namespace {

RequestEntry EntryOf(OwnProperties& properties, uint64_t object, Address base) {
  return {.wrap = {.base = base, .object = object}, .uv = {}, .kind = properties.reader().ClassOf(object)};
}

}  // namespace

std::optional<RequestEntry> PendingWorkOf(OwnProperties& properties, uint64_t object) {
  HeapReader& reader = properties.reader();
  const bool query = properties.Has(object, "bindingName") && properties.Has(object, "hostname");
  if (query || properties.Has(object, "ondone")) {
    const Address base = BaseOfObject(reader, object);
    if (base == 0) return std::nullopt;
    RequestEntry entry = EntryOf(properties, object, base);
    if (query) {
      entry.uv.operation = properties.Text(object, "bindingName");
      entry.detail = UntrustedText(properties.Text(object, "hostname"));
      entry.callback = properties.Object(object, "callback");
    } else {
      // Of readFile() in a ReadFileContext.
      entry.callback = properties.Object(properties.Object(object, "context"), "callback");
      if (entry.callback == 0) entry.callback = properties.Object(object, "ondone");
    }
    entry.callback = ProgramCallback(reader, entry.callback);
    return entry;
  }
  // processChunk() puts the piece there, and processCallback() takes it away when all of it was worked on.
  if (properties.Object(object, "buffer") == 0 || !properties.Has(object, "availInBefore")) return std::nullopt;
  const Address base = BaseOfObject(reader, object);
  if (base == 0) return std::nullopt;
  RequestEntry entry = EntryOf(properties, object, base);
  entry.uv.operation = "write";
  if (const std::optional<double> bytes = properties.Number(object, "availInBefore"); bytes && *bytes >= 0)
    entry.uv.bytes = static_cast<uint64_t>(*bytes);
  if (const uint64_t stream = OwnerOf(properties, object); stream != object && stream != 0)
    entry.detail = UntrustedText(reader.ClassOf(stream));
  entry.callback = ProgramCallback(reader, properties.Object(object, "cb"));
  return entry;
}

}  // namespace corewalk
