-- A variable-length array that is restored at an exit has no size, and not enough memory.
-- Run: luajit sunk_vla_without_size.lua        (wrong)
--      luajit -joff sunk_vla_without_size.lua  (right)
local ffi = require("ffi")
local pair = ffi.typeof("int[?]")
local function last_pair(stop)
  local p
  for i = 1, 200 do
    if i == stop then return p end
    p = pair(2)
  end
end
print("size " .. ffi.sizeof(last_pair(150)) .. ", expected 8")
