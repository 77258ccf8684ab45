//! LuaJIT ARM64 assembler as a host library.
