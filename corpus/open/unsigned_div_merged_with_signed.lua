-- An unsigned 64 bit operation is taken for the signed one with the same operands.
-- Run: luajit unsigned_div_merged_with_signed.lua        (wrong)
--      luajit -joff unsigned_div_merged_with_signed.lua  (right)
local ffi = require("ffi")
local x, y = ffi.new("int64_t[1]", -100), ffi.new("int64_t[1]", 7)
local signed, unsigned
for _ = 1, 300 do
  local a, b = x[0], y[0]
  signed = a / b
  unsigned = ffi.cast("uint64_t", a) / ffi.cast("uint64_t", b)
end
print("signed", signed, "unsigned", unsigned)
