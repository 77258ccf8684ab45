-- The result of a foreign function that returns uint32_t gets the register's upper half with it when it becomes an int64.
-- Run: luajit zero_extension_of_call_result_left_out.lua        (wrong)
--      luajit -joff zero_extension_of_call_result_left_out.lua  (right)
local ffi = require("ffi")
-- Stands for any function that returns 32 bits of a 64 bit value: what compilers make of `uint32_t f(int64_t x) { return x; }`
-- leaves all of x in the register, as the procedure call standards of x64 and ARM64 allow.
ffi.cdef("uint32_t llabs(int64_t);")
local wrong = 0
for _ = 1, 200 do
  if ffi.cast("int64_t", ffi.C.llabs(0x100000005LL)) ~= 5LL then wrong = wrong + 1 end
end
print("wrong results: " .. wrong .. ", expected 0")
