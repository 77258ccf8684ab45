/* Reading a trace back: its code, the locations of its values, its instructions. */

/* A copy of the trace's header that is right in every phase: the register allocation lives in the final copy of the IR. */
static int th_view(GCtrace *view)
{
  jit_State *J = th_J;
  if (th_phase == TH_ASSEMBLED) {
    *view = J->cur;
    view->ir = J->curfinal->ir;
    return 1;
  }
  if (th_phase == TH_IDLE && th_last && th_last < J->sizetrace && traceref(J, th_last)) {
    *view = *traceref(J, th_last);
    return 1;
  }
  return 0;
}

/* -- Code ------------------------------------------------------------------- */

/* The stubs follow the code, behind the nops that lj_asm_trace() leaves if it needed less room than reserved:
** str lr,[sp]; then bl handler, or ldr lr,[x22,#k]; blr lr; then movz w0,#traceno; then one branch for each exit.
*/
static void th_find_stubs(const GCtrace *T, struct th_result *out)
{
  const MCode *p = (const MCode *)((const char *)T->mcode + T->szmcode);
  while (*p == 0xd503201f) p++;
  out->stubs = (uint64_t)p;
  out->far_exit = (p[1] >> 28) == 0xf;
  out->stub0 = (uint64_t)(p + 3 + out->far_exit);
  out->nexits = T->nsnap + (T->root ? 1u : 0u);
  out->end = out->stub0 + 4*(uint64_t)out->nexits;
}

static void th_fill_code(const GCtrace *T, struct th_result *out)
{
  out->mcode = (uint64_t)T->mcode;
  out->size = T->szmcode;
  out->loop_ofs = T->mcloop;
  out->spadjust = T->spadjust;
  th_find_stubs(T, out);
}

static void th_fill_entry(struct th_result *out)
{
  out->base = (uint64_t)th_L->base;
  out->gl = (uint64_t)J2G(th_J);
  out->L = (uint64_t)th_L;
  out->pc = (uint64_t)th_J->pc;
}

static uint32_t api_result(struct th_result *out)
{
  GCtrace T;
  memset(out, 0, sizeof *out);
  if (!th_view(&T)) return th_refuse("result: there is no assembled trace");
  th_fill_code(&T, out);
  th_fill_entry(out);
  out->k_start = (uint64_t)(T.ir + T.nk);
  out->k_end = (uint64_t)(T.ir + REF_BIAS);
  out->nsnap = T.nsnap;
  out->nins = T.nins;
  out->nk = T.nk;
  out->traceno = T.traceno;
  out->area = th_layout.base + th_layout.mcode_ofs;
  out->notes = th_notes;
  out->nnotes = th_nnotes;
  return TH_OK;
}

/* -- Locations -------------------------------------------------------------- */

static uint32_t api_loc(uint32_t snapno, uint32_t ref, struct th_loc *out)
{
  GCtrace T;
  RegSP rs;
  if (!th_view(&T)) return th_refuse("location: there is no assembled trace");
  if (snapno >= T.nsnap || ref < REF_FIRST || ref >= T.nins)
    return th_refuse("location: no snapshot %u, or %u is no instruction", snapno, ref);
  rs = snap_renameref(&T, snapno, ref, T.ir[ref].prev);
  out->raw_reg = (uint8_t)regsp_reg(rs);
  out->spill = (uint8_t)regsp_spill(rs);
  out->reg = out->raw_reg & TH_NOREG ? TH_NOREG : out->raw_reg;
  out->type = T.ir[ref].t.irt;
  return TH_OK;
}

/* -- Instructions ----------------------------------------------------------- */

static uint64_t th_const_value(const IRIns *ir)
{
  if (ir_isk64(ir)) return ir[1].tv.u64;
  return ir->o == IR_KINT ? (uint64_t)(int64_t)ir->i : 0;
}

static uint32_t api_ir(uint32_t ref, struct th_ins *out)
{
  GCtrace T;
  const IRIns *ir;
  if (th_phase == TH_BUILDING)
    T = th_J->cur;
  else if (!th_view(&T))
    return th_refuse("instruction: there is no trace");
  if (ref < T.nk || ref >= T.nins) return th_refuse("instruction: %u is no ref of this trace", ref);
  ir = &T.ir[ref];
  out->op = ir->o;
  out->type = ir->t.irt;
  out->op1 = ir->op1;
  out->op2 = ir->op2;
  out->prev = ir->prev;
  out->value = irref_isk(ref) ? th_const_value(ir) : 0;
  return TH_OK;
}
