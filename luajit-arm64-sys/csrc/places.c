/* Where values are at each ref's end, in `blame` builds: read off while the assembler passes by. */

#ifdef TH_BLAME

_Static_assert(sizeof(IRIns) == 8 && offsetof(IRIns, prev) == 6, "a ref's register and spill slot");

static int th_is_wide_const(const IRIns *ir)
{
  return irt_is64(ir->t) && ir->o != IR_KNULL;
}

static void th_take_place(const IRIns *ir, IRRef ref, RegSet weak)
{
  int reg = !(regsp_reg(ir->prev) & TH_NOREG);
  if (reg || regsp_spill(ir->prev))
    th_blame_held((uint16_t)ref, ir->prev, reg && rset_test(weak, regsp_reg(ir->prev)));
}

/* The assembler works backwards: what has a register or spill slot now is alive behind the code of `ref`. */
static void th_take_places(const void *irs, uint32_t nk, uint32_t ref, uint64_t mcp, uint64_t weak)
{
  const IRIns *ir = (const IRIns *)irs;
  IRRef r;
  th_blame_behind(mcp, ref, th_J->cur.traceno);
  for (r = nk; r < REF_BIAS; r++) {
    th_take_place(&ir[r], r, weak);
    if (th_is_wide_const(&ir[r])) r++;
  }
  for (r = REF_FIRST; r <= ref; r++) th_take_place(&ir[r], r, weak);
}

static void th_record_start(const void *frame)
{
  uint64_t low = th_layout.base + th_layout.mcode_ofs;
  th_blame_start(low, low + th_layout.mcode_size, frame);
}

#else

#define th_record_start(frame) ((void)0)

#endif
