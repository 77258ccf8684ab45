-- A shift by a 64 bit count, 3LL, that becomes part of an address. Prints how many of 100 stores went elsewhere; 0 is right.
local ffi = require("ffi")
local bit = require("bit")
local buf = ffi.new("uint8_t[1024]")
local wrong = 0
for i = 1, 100 do
  local x = ffi.cast("int64_t", i)
  buf[bit.lshift(x, 3LL)] = 7
  if buf[i*8] ~= 7 then wrong = wrong + 1 end
  buf[i*8] = 0
end
print(wrong)
