// What a result does not know: carried by every result and printed with it, so that a partial answer is never taken for
// a whole one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace corewalk {

struct Completeness {
  bool core_truncated = false;      // the core file ends before the bytes its headers promise
  uint64_t core_bytes_missing = 0;  // bytes promised by the headers but beyond the end of the file
  uint64_t pages_missing = 0;       // V8 pages (chunks) known to exist whose object area could not be read whole
  uint64_t bytes_unreadable = 0;    // bytes of object areas that could not be read
  uint64_t bytes_lost = 0;          // bytes in object areas that were read but not understood (resynchronised over)
  uint64_t objects_skipped = 0;     // places where the walk lost step
  bool gc_in_progress = false;      // the process died inside a garbage collection
  bool layout_guessed = false;      // some layout value is neither from the binary, nor calibrated, nor from its table
  bool interrupted = false;         // the user stopped the command
  bool cut = false;                 // a bound of the command's own cut the answer; a note says which
  std::vector<std::string> notes;   // one sentence each, safe to print

  bool complete() const {
    return !core_truncated && pages_missing == 0 && bytes_unreadable == 0 && bytes_lost == 0 && !layout_guessed &&
           !interrupted && !cut;
  }
};

}  // namespace corewalk
