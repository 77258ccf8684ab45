-- Storing an int64 to a float array loses the conversion once the loop is compiled.
-- Run: luajit store_of_int64_as_float.lua        (wrong)
--      luajit -joff store_of_int64_as_float.lua  (right)
local ffi = require("ffi")
local out = ffi.new("float[1]")
local value = 5LL
for _ = 1, 200 do
  out[0] = value
  value = value + 1
end
print("stored " .. out[0] .. ", expected 204")
