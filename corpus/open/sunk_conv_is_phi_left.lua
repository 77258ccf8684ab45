-- A number made from an int is restored from the wrong int, when a loop carries the number but not the int.
-- Run: luajit sunk_conv_is_phi_left.lua        (wrong)
--      luajit -joff sunk_conv_is_phi_left.lua  (right)
local digits = string.rep("0123456789", 40)
local function byte_before(last)
  local value = 0.5
  for i = 1, #digits do
    if i == last then return value end
    value = digits:byte(i) * 1
  end
end
print("byte " .. byte_before(300) .. ", expected " .. digits:byte(299))

-- The same with FFI arrays, where the wrong value is clearly that of an early iteration.
local ffi = require("ffi")
local source, stop = ffi.new("int[400]"), ffi.new("int[400]")
for i = 0, 399 do source[i] = i * 10 end
stop[300] = 1
local function element_before_stop()
  local value = 0.5
  for i = 0, 399 do
    if stop[i] == 1 then return value end
    value = source[i] * 1
  end
end
print("element " .. element_before_stop() .. ", expected 2990")
