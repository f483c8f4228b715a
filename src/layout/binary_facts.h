// What the executable (node, or libnode.so) says about its V8: version, names of the roots table, the constants that V8
// exports for debuggers (v8dbg_*), vtables of the space classes, where the current isolate's pointer is. Every fact may
// be absent: a stripped binary keeps v8dbg_* and, up to 23, the vtables; the names of the roots are found by content.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "layout/v8_version.h"
#include "memory/elf_file.h"
#include "memory/memory.h"

namespace corewalk {

struct BinaryFacts {
  std::string path;  // of the file that was read
  std::string build_id;
  bool stripped = false;  // no .symtab
  uint64_t bias = 0;
  V8Version version;                    // v8::internal::Version::major_ ... patch_; unknown when absent
  std::vector<std::string> root_names;  // v8::internal::RootsTable::root_names_, by root index; empty when not found
  std::map<std::string, int64_t, std::less<>> v8dbg;  // without the prefix "v8dbg_"
  struct Vtable {
    Address address = 0;  // what the first word of an object of the class holds, in the target
    std::string name;     // class name without namespaces, "OldSpace"
  };
  std::vector<Vtable> space_vtables;           // by address
  struct ClassVtable {
    Address begin = 0;  // of the vtable's symbol; objects point into it, once per base class
    Address end = 0;
    std::string name;  // "node::fs::FileHandle"; arguments of templates are left out
  };
  std::vector<ClassVtable> node_vtables;       // of the classes of Node.js, by address
  std::optional<Address> isolate_key;          // address of the pthread key of the current isolate (up to V8 10.8)
  std::optional<int64_t> current_isolate_tls;  // offset from fs_base of the current isolate's pointer (from V8 11.3)

  // Value of the constant `key`; when `key` ends in "__" of the first constant that starts with it.
  std::optional<int64_t> Constant(std::string_view key) const;
  // Name of the class whose vtable an object's first word points to, or "".
  std::string_view SpaceClass(Address vtable) const;
  // Name of Node.js's class into whose vtable the word points, as the first word of its objects does; or "".
  std::string_view NodeClass(uint64_t word) const;
};

// `bias` is the load bias of the file in the target. Values that the program fills in at run time, and the relocated
// table of a PIE, are read from `memory`. Never fails: what cannot be read is absent.
BinaryFacts ReadBinaryFacts(const ElfFile& file, const Memory& memory, uint64_t bias);

}  // namespace corewalk
