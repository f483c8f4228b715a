#include "analysis/leaks/leak_patterns.h"

#include <iterator>

#include "analysis/leaks/listener_suspects.h"
#include "analysis/leaks/queue_suspects.h"
#include "analysis/leaks/timer_suspects.h"

namespace corewalk {

std::vector<Suspect> SuspectsOfPatterns(HeapReader* reader, const HeapGraph& graph, uint64_t least_bytes,
                                        const Cancel& cancel) {
  std::vector<Suspect> suspects;
  for (const auto find : {FindListenerSuspects, FindTimerSuspects, FindQueueSuspects}) {
    if (cancel.Cancelled()) break;
    std::vector<Suspect> found = find(reader, graph, least_bytes, cancel);
    std::ranges::move(found, std::back_inserter(suspects));
  }
  return suspects;
}

}  // namespace corewalk
