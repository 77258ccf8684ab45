-- The last of three stores of the same value is dropped, though the second one overwrote a byte of the first.
-- Run: luajit store_dropped_despite_partial_overlap.lua        (wrong)
--      luajit -joff store_dropped_despite_partial_overlap.lua  (right)
local ffi = require("ffi")
local u = ffi.new("union { int32_t word; uint8_t bytes[4]; }")
for i = 1, 1000 do
  u.word = i
  u.bytes[1] = i
  u.word = i
end
print("word " .. u.word .. ", expected 1000")
