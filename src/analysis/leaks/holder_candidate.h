// One reference on a way up, judged by the name that the program gave it: what the two parts of HolderFinder share. holder.cc
// goes up, holder_classify.cc judges.
#pragma once

#include <string>
#include <vector>

#include "analysis/leaks/holder.h"

namespace corewalk {

// How good a name is; the smaller the better. Up to kGoodEnough a way up does not give a better one.
inline constexpr int kGoodEnough = 99;
inline constexpr int kOfNode = 95;     // a variable of a module of Node.js's
inline constexpr int kGoOn = 100;      // an element or entry: who holds the collection?
inline constexpr int kInternal = 200;  // a word of V8's or Node.js's
inline constexpr int kHidden = 300;    // code, feedback, shapes

// One reference, judged.
struct HolderFinder::Candidate {
  std::vector<ObjectId> chain;  // the owner, its stores, the object
  int rank = kHidden;
  HolderKind kind = HolderKind::kUnknown;
  std::string name, owner, text, file;
  int line = 0, column = 0;
  uint64_t script = 0;
  bool parameter = false;  // a variable that is a parameter of its function
  bool fleeting = false;   // of an object that a variable of a suspended function leads to
  bool waits = false;     // of a function that is suspended: told when nothing else has a name for it
  bool imported = false;  // what another module made: `const v8 = require('v8')`

  ObjectId owner_node() const { return chain.front(); }
  void Set(const PlacedSite& site) {
    text = site.text, file = site.file, line = site.line, column = site.column, script = site.script;
  }
};

}  // namespace corewalk
