/* Reading a trace back: its code, the locations of its values, its instructions. */

/* A copy of the trace's header that is right in every phase: the register allocation lives in the final copy of the IR.
** Trace 0: the assembled one, else the one committed last.
*/
static int th_view(TraceNo traceno, GCtrace *view)
{
  jit_State *J = th_J;
  if (th_phase == TH_DOWN || th_phase == TH_FAILED) return 0;
  if (traceno && !(th_phase == TH_ASSEMBLED && traceno == J->cur.traceno)) {
    if (traceno >= J->sizetrace || !traceref(J, traceno) || traceref(J, traceno) == &J->cur) return 0;
    *view = *traceref(J, traceno);
    return 1;
  }
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

static void th_fill_entry(const GCtrace *T, struct th_result *out)
{
  out->base = (uint64_t)th_L->base;
  out->gl = (uint64_t)J2G(th_J);
  out->L = (uint64_t)th_L;
  out->pc = (uint64_t)mref(T->startpc, BCIns);
}

static void th_fill_notes(TraceNo traceno, struct th_result *out)
{
  int kept = !(th_phase == TH_ASSEMBLED && traceno == th_J->cur.traceno) && traceno < TH_TRACES;
  out->notes = kept ? th_kept[traceno].notes : th_notes;
  out->nnotes = kept ? th_kept[traceno].n : th_nnotes;
}

static uint32_t api_result_of(uint32_t traceno, struct th_result *out)
{
  GCtrace T;
  memset(out, 0, sizeof *out);
  if (!th_view(traceno, &T)) return th_refuse("result: there is no assembled trace %u", traceno);
  th_fill_code(&T, out);
  th_fill_entry(&T, out);
  out->k_start = (uint64_t)(T.ir + T.nk);
  out->k_end = (uint64_t)(T.ir + REF_BIAS);
  out->nsnap = T.nsnap;
  out->nins = T.nins;
  out->nk = T.nk;
  out->traceno = T.traceno;
  out->area = th_layout.base + th_layout.mcode_ofs;
  th_fill_notes(T.traceno, out);
  return TH_OK;
}

static uint32_t api_result(struct th_result *out)
{
  return api_result_of(0, out);
}

/* -- Locations -------------------------------------------------------------- */

static uint32_t api_loc_of(uint32_t traceno, uint32_t snapno, uint32_t ref, struct th_loc *out)
{
  GCtrace T;
  RegSP rs;
  if (!th_view(traceno, &T)) return th_refuse("location: there is no assembled trace %u", traceno);
  if (snapno >= T.nsnap || ref < REF_FIRST || ref >= T.nins)
    return th_refuse("location: no snapshot %u, or %u is no instruction", snapno, ref);
  rs = snap_renameref(&T, snapno, ref, T.ir[ref].prev);
  out->raw_reg = (uint8_t)regsp_reg(rs);
  out->spill = (uint8_t)regsp_spill(rs);
  out->reg = out->raw_reg & TH_NOREG ? TH_NOREG : out->raw_reg;
  out->type = T.ir[ref].t.irt;
  return TH_OK;
}

static uint32_t api_loc(uint32_t snapno, uint32_t ref, struct th_loc *out)
{
  return api_loc_of(0, snapno, ref, out);
}

/* -- Instructions ----------------------------------------------------------- */

static uint64_t th_const_value(const IRIns *ir)
{
  if (ir_isk64(ir)) return ir[1].tv.u64;
  return ir->o == IR_KINT ? (uint64_t)(int64_t)ir->i : 0;
}

/* Also the trace being built. */
static int th_view_any(TraceNo traceno, GCtrace *view)
{
  if (th_phase != TH_BUILDING || (traceno && traceno != th_J->cur.traceno)) return th_view(traceno, view);
  *view = th_J->cur;
  return 1;
}

static uint32_t api_ir_of(uint32_t traceno, uint32_t ref, struct th_ins *out)
{
  GCtrace T;
  const IRIns *ir;
  if (!th_view_any(traceno, &T)) return th_refuse("instruction: there is no trace %u", traceno);
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

static uint32_t api_ir(uint32_t ref, struct th_ins *out)
{
  return api_ir_of(0, ref, out);
}

/* -- Snapshots -------------------------------------------------------------- */

static uint32_t th_tag_of(const BCIns *pc)
{
  uint64_t tag = (uint64_t)(pc - th_tag_pc(0));
  return tag < TH_TAGS ? (uint32_t)tag : ~0u;
}

static uint32_t api_snapshot(uint32_t traceno, uint32_t snapno, struct th_snapshot *out)
{
  GCtrace T;
  const SnapShot *snap;
  if (!th_view_any(traceno, &T)) return th_refuse("snapshot: there is no trace %u", traceno);
  if (snapno >= T.nsnap) return th_refuse("snapshot: trace %u has no snapshot %u", T.traceno, snapno);
  snap = &T.snap[snapno];
  out->ref = snap->ref;
  out->nslots = snap->nslots;
  out->nent = snap->nent;
  out->tag = th_tag_of(snap_pc(&T.snapmap[snap->mapofs + snap->nent]));
  return out->tag == ~0u ? th_refuse("snapshot: snapshot %u of trace %u has a pc of its own", snapno, T.traceno) : TH_OK;
}

static uint8_t th_flags_of(SnapEntry sn)
{
  uint32_t flags = 0;
  if (sn & SNAP_NORESTORE) flags |= TH_SNAP_NORESTORE;
  if (sn & SNAP_FRAME) flags |= TH_SNAP_FRAME;
  if (sn & SNAP_CONT) flags |= TH_SNAP_CONT;
#ifdef SNAP_KEYINDEX
  if (sn & SNAP_KEYINDEX) flags |= TH_SNAP_KEYINDEX;
#endif
  return (uint8_t)flags;
}

static uint32_t api_snap_entries(uint32_t traceno, uint32_t snapno, struct th_snapentry *ent, uint32_t max)
{
  GCtrace T;
  const SnapEntry *map;
  uint32_t n;
  if (!th_view_any(traceno, &T)) return th_refuse("snapshot: there is no trace %u", traceno);
  if (snapno >= T.nsnap || T.snap[snapno].nent > max)
    return th_refuse("snapshot: trace %u has no snapshot %u, or it has more than %u entries", T.traceno, snapno, max);
  map = &T.snapmap[T.snap[snapno].mapofs];
  for (n = 0; n < T.snap[snapno].nent; n++) {
    ent[n].slot = (uint8_t)snap_slot(map[n]);
    ent[n].flags = th_flags_of(map[n]);
    ent[n].ref = (uint16_t)snap_ref(map[n]);
  }
  return TH_OK;
}
