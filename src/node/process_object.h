// The JavaScript object `process`, of which each realm of Node.js has one (the main thread's and each worker's): what
// src/node_process_object.cc and lib/internal/process/pre_execution.js (patchProcessObject) have stored in it, 12
// to 26. And what its library remembers that no such object tells. What is missing is empty or 0.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/untrusted_text.h"
#include "heap/views/heap_reader.h"
#include "heap/views/property_finder.h"

namespace corewalk {

struct ProcessObject {
  uint64_t object = 0;  // tagged, as are all below
  std::optional<int64_t> pid;
  UntrustedText platform, arch, version, exec_path;
  uint64_t versions_object = 0, release_object = 0, argv_object = 0, exec_argv_object = 0;
  std::vector<std::pair<UntrustedText, UntrustedText>> versions, release;  // strings only, by name
  std::vector<UntrustedText> argv, exec_argv;
  bool argv_cut = false;  // one of the lists was longer
};

// Nothing when the object, whose class is called "process", is none: it has no `pid` or no `versions`.
std::optional<ProcessObject> ReadProcessObject(HeapReader& reader, uint64_t object);

// What Node.js's own library and its bindings remember of the process, found in a walk over a heap.
class LibraryFacts {
 public:
  explicit LibraryFacts(HeapReader* reader) : reader_(*reader), milestones_(reader, "milestones") {}
  void LookAtContext(uint64_t context);  // tagged
  // Whether objects with this Map are to be given to LookAtObject(); `first` is one of them, untagged.
  bool Wants(const MapInfo& map, Address first) { return milestones_.MayHave(map, first); }
  void LookAtObject(const MapInfo& map, Address object);

  // What process.cwd() remembers between two calls of chdir(): `cachedCwd` of
  // lib/internal/bootstrap/switches/does_own_process_state.js (not in 12.0). Nothing when it has not been called since.
  const std::optional<UntrustedText>& working_directory() const { return working_directory_; }
  // Nanoseconds of CLOCK_MONOTONIC when Node.js began: the least of `milestones` of the binding `performance`
  // (src/node_perf_common.h), before 16 only when something has loaded perf_hooks. From 20 on the first of them is a
  // time of day and no such time.
  const std::optional<double>& start_time() const { return start_time_; }

 private:
  HeapReader& reader_;
  PropertyFinder milestones_;
  std::unordered_map<uint64_t, uint64_t> cwd_slots_;  // by scope: slot + 1, 0 = none
  std::optional<UntrustedText> working_directory_;
  std::optional<double> start_time_;
};

}  // namespace corewalk
