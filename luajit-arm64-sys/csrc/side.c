/* Side traces: what trace_start() and lj_record_setup() prepare for one. trace_stop() itself finishes it: see run.c. */

static void th_side_work(void *arg)
{
  jit_State *J = th_J;
  const BCIns *pc = J->pc;
  GCtrace *T = traceref(J, J->parent);
  uint32_t parent = J->parent, exitno = J->exitno;
  const SnapShot *snap = &T->snap[exitno];
  th_begin_work(arg);
  /* All of this th_begin_work() has set for a root trace. */
  J->parent = parent;
  J->exitno = exitno;
  J->pc = pc;
  J->cur.ir[REF_BASE].op1 = (IRRef1)parent;
  J->cur.ir[REF_BASE].op2 = (IRRef1)exitno;
  J->cur.root = (uint16_t)(T->root ? T->root : parent);
  J->cur.startins = BCINS_AD(BC_JMP, 0, 0);
  setmref(J->cur.startpc, pc);
  J->startpc = exitno == 0 && snap->nent == 0 ? pc : NULL;
  lj_snap_replay(J, T);
}

/* Frames would have to be on the Lua stack while the exit is replayed. */
static int th_has_frames(const GCtrace *T, const SnapShot *snap)
{
  const SnapEntry *map = &T->snapmap[snap->mapofs];
  MSize n;
  for (n = 0; n < snap->nent; n++)
    if ((map[n] & (SNAP_FRAME|SNAP_CONT)) && snap_slot(map[n]) != LJ_FR2) return 1;
  return 0;
}

static uint32_t th_check_exit(uint32_t parent, uint32_t exitno)
{
  jit_State *J = th_J;
  const GCtrace *T;
  if (!parent || parent >= J->sizetrace || !traceref(J, parent)) return th_refuse("side trace: trace %u is not committed", parent);
  T = traceref(J, parent);
  if (exitno >= T->nsnap) return th_refuse("side trace: trace %u has no exit %u", parent, exitno);
  if (T->snap[exitno].count == SNAPCOUNT_DONE)
    return th_refuse("side trace: exit %u of trace %u has one already, or is the trace's end", exitno, parent);
  if (th_has_frames(T, &T->snap[exitno])) return th_refuse("side trace: exit %u of trace %u restores frames", exitno, parent);
  return TH_OK;
}

static uint32_t api_begin_side(uint32_t parent, uint32_t exitno, uint32_t opts)
{
  jit_State *J = th_J;
  const GCtrace *T;
  uint32_t status;
  api_drop();
  TH_WANT(TH_IDLE, "side trace");
  if ((status = th_check_opts(opts)) || (status = th_check_exit(parent, exitno))) return status;
  T = traceref(J, parent);
  J->parent = parent;
  J->exitno = exitno;
  J->pc = snap_pc(&T->snapmap[T->snap[exitno].mapofs + T->snap[exitno].nent]);
  status = th_protect(th_side_work, &opts);
  if (!status) th_phase = TH_BUILDING;
  else if (th_phase != TH_FAILED) th_drop_trace(J);
  return status;
}

static uint32_t api_slot_ref(uint32_t slot, struct th_slot *out)
{
  TRef tr;
  TH_WANT(TH_BUILDING, "slot");
  if (slot >= LJ_MAX_JSLOTS) return th_refuse("slot: slot %u is too high", slot);
  tr = th_J->slot[slot];
  memset(out, 0, sizeof *out);
  out->ref = (uint16_t)tref_ref(tr);
  out->type = out->ref ? (uint8_t)tref_type(tr) : 0;
  return TH_OK;
}
