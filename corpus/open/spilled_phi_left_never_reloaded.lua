-- A loop with as many numbers as there are registers goes on with the value that one of them had when it was entered.
-- Run: luajit spilled_phi_left_never_reloaded.lua        (wrong)
--      luajit -joff spilled_phi_left_never_reloaded.lua  (right)
local function loop(a)
  -- x64 has sixteen FP registers. One is left for all but PHIs, so that one of sixteen PHIs is spilled: the first, `a`.
  local b, c, d, e, f, g, h, j, k, l, m, n, o, p, q = a, a, a, a, a, a, a, a, a, a, a, a, a, a, a
  for i = 1, 1000 do
    local before = a
    if b > 100000 then return end -- last use of the old b: its register is free, and takes the new a
    a = a + 1
    c, d, e, f, g, h, j = c + 2, d + 3, e + 4, f + 5, g + 6, h + 7, j + 8
    k, l, m, n, o, p, q = k + 9, l + 10, m + 11, n + 12, o + 13, p + 14, q + 15
    b = i * 0.5
    if i == 300 then return before, a, b, c, d, e, f, g, h, j, k, l, m, n, o, p, q end
  end
end
local before, after = loop(0.5)
print(before .. " and " .. after .. ", expected 299.5 and 300.5")
