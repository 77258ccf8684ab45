-- A number made from an int is restored from the wrong int, when a loop carries the number but not the int.
-- Run: luajit sunk_conv_is_phi_left.lua        (wrong)
--      luajit -joff sunk_conv_is_phi_left.lua  (right)
local ffi = require("ffi")
local source, stop = ffi.new("int[400]"), ffi.new("int[400]")
for i = 0, 399 do source[i] = i * 10 end
stop[300] = 1
local function last()
  local value = 0.5
  for i = 0, 399 do
    if stop[i] == 1 then return value end
    value = source[i] * 1
  end
end
print("last " .. last() .. ", expected 2990")
