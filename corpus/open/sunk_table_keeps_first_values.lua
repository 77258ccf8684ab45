-- A table that a loop makes anew each time is restored with what the first iteration put in it.
-- Run: luajit sunk_table_keeps_first_values.lua        (wrong)
--      luajit -joff sunk_table_keeps_first_values.lua  (right)
local function last_table(stop, x)
  local t
  for i = 1, 200 do
    if i == stop then return t end
    t = { x }
    x = 99
  end
end
last_table(150, 7) -- compiled here, and run on from the middle: right
print("holds " .. last_table(150, 7)[1] .. ", expected 99")
