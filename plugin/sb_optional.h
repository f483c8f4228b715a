// Functions of LLDB's API that younger versions have and older ones lack. They are weak references by their symbol
// names, so that the plugin loads in any LLDB from 14 on and compiles with any headers; test the address before the
// call. A member function and a free function that takes the object's address first are called alike in the x86-64 C++
// ABI, also when a class is returned.
#pragma once

#include <lldb/API/LLDB.h>

namespace corewalk {

// lldb::SBFileSpec lldb::SBProcess::GetCoreFile(): absent in LLDB 16, present in 19.
[[gnu::weak, gnu::visibility("default")]] lldb::SBFileSpec OptionalGetCoreFile(lldb::SBProcess* process) asm(
    "_ZN4lldb9SBProcess11GetCoreFileEv");

// bool lldb::SBDebugger::InterruptRequested(): absent in LLDB 16, present in 19.
[[gnu::weak, gnu::visibility("default")]] bool OptionalInterruptRequested(lldb::SBDebugger* debugger) asm(
    "_ZN4lldb10SBDebugger18InterruptRequestedEv");

// bool lldb::SBCommandInterpreter::UserCommandExists(const char*): absent in LLDB 15, present in 19.
[[gnu::weak, gnu::visibility("default")]] bool OptionalUserCommandExists(
    lldb::SBCommandInterpreter* interpreter,
    const char* name) asm("_ZN4lldb20SBCommandInterpreter17UserCommandExistsEPKc");

// bool lldb::SBCommandInterpreter::IsInteractive(): absent in LLDB 14, present in 15.
[[gnu::weak, gnu::visibility("default")]] bool OptionalIsInteractive(lldb::SBCommandInterpreter* interpreter) asm(
    "_ZN4lldb20SBCommandInterpreter13IsInteractiveEv");

}  // namespace corewalk
