#include "analysis/leaks/advice.h"

#include <algorithm>

namespace corewalk {
namespace {

bool IsRequestLike(const std::string& name) {
  for (const std::string_view word : {"IncomingMessage", "ServerResponse", "ClientRequest", "Socket", "TLSSocket",
                                      "Http2Stream", "Request", "Response"}) {
    if (name == word) return true;
  }
  return false;
}

std::string NameOf(const Suspect& suspect) {
  return suspect.holder.name.empty() ? "it" : suspect.holder.name;
}

void OfCollection(const Suspect& suspect, std::vector<std::string>* advice) {
  const std::string name = NameOf(suspect);
  const bool map = suspect.what.find("Map") != std::string::npos;
  const bool set = suspect.what.find("Set") != std::string::npos;
  if (map || set) {
    advice->push_back("delete from " + name +
                      " what is done with, or bound it (an LRU with a maximum, entries that expire)");
    advice->push_back(std::string("if its entries should live only as long as their ") + (set ? "members" : "keys") +
                      " do: a Weak" + (set ? "Set" : "Map"));
  } else if (suspect.what == "Array") {
    advice->push_back("bound " + name + ": drop the oldest when it is full, or write what it collects elsewhere");
  } else {
    advice->push_back("bound " + name +
                      ", or delete what is done with; a Map with a maximum suits growing keys better than an object");
  }
  if (IsRequestLike(suspect.element_class))
    advice->push_back("keep the few fields that are needed instead of the whole " + suspect.element_class);
}

}  // namespace

std::vector<std::string> AdviceFor(const Suspect& suspect) {
  std::vector<std::string> advice = suspect.advice;
  if (!advice.empty()) return advice;
  switch (suspect.kind) {
    case SuspectKind::kCollection:
      OfCollection(suspect, &advice);
      break;
    case SuspectKind::kListeners:
      advice.push_back(
          "remove each listener when what it was added for is over (on 'close' or 'end'), or add one listener once");
      break;
    case SuspectKind::kTimers:
      advice.push_back("clear each timer when what it was started for is over");
      break;
    case SuspectKind::kClosures:
      advice.push_back(
          "let the function capture the fields it needs instead of the whole object, and drop the function when it is "
          "done");
      break;
    case SuspectKind::kPromises:
      advice.push_back("settle every promise: add a timeout, and handle errors and disconnects of what they wait for");
      break;
    case SuspectKind::kObjects:
      advice.push_back("find out who should have dropped them: path --class " + suspect.element_class);
      break;
    case SuspectKind::kObject:
      advice.push_back("drop " + NameOf(suspect) + " when it is no longer needed, or process it in parts");
      break;
    case SuspectKind::kStrings:
      if (suspect.what == "(concatenated string)") {
        advice.push_back("write " + NameOf(suspect) + " out in pieces (a file, a stream) instead of adding to one text (+=), and begin anew");
      } else {
        advice.push_back("drop " + NameOf(suspect) + " when it is no longer needed, or read and handle it in pieces (a stream)");
      }
      break;
    case SuspectKind::kBuffers:
      advice.push_back(
          "copy the small part out of the large buffer (Buffer.from(slice)), and drop buffers when they are sent");
      break;
    case SuspectKind::kContexts:
      advice.push_back(
          "reuse one vm context, and drop every reference to those that are done with, their functions too");
      break;
    case SuspectKind::kQueue:
      advice.push_back("let the event loop turn between pieces of work (setImmediate), and queue no more than is done");
      advice.push_back("see them with: async");
      break;
    case SuspectKind::kModules:
      advice.push_back("load each module once: one version, one path, no deleting from require.cache");
      break;
  }
  if (!suspect.also.empty()) advice.push_back("something else holds the same objects: it must let go of them too");
  return advice;
}

}  // namespace corewalk
