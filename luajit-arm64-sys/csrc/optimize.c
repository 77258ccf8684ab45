/* The passes between recording and assembling, as the state LJ_TRACE_END of lj_trace.c runs them. */

/* -- What the recorder would have left ---------------------------------------- */

static SnapShot *th_loop_snap(jit_State *J)
{
  return &J->cur.snap[J->cur.nsnap-1];
}

/* The slots at the end of the iteration are what SLOADs of the next one become. */
static void th_loop_slots(jit_State *J)
{
  const SnapShot *snap = th_loop_snap(J);
  const SnapEntry *map = &J->cur.snapmap[snap->mapofs];
  MSize n;
  for (n = 0; n < snap->nent; n++)
    if (!(map[n] & (SNAP_FRAME|SNAP_CONT)))
      J->slot[snap_slot(map[n])] = TREF(snap_ref(map[n]), irt_t(J->cur.ir[snap_ref(map[n])].t));
  if (snap->nslots > J->baseslot + J->maxslot) J->maxslot = snap->nslots - J->baseslot;
}

/* The loop snapshot is the first one of the next iteration: lj_opt_loop() wants one pc for both. */
static void th_loop_pc(jit_State *J)
{
  const SnapShot *first = &J->cur.snap[0], *last = th_loop_snap(J);
  SnapEntry *map = J->cur.snapmap;
  memcpy(&map[last->mapofs + last->nent], &map[first->mapofs + first->nent], (1 + LJ_FR2)*sizeof(SnapEntry));
}

/* -- The passes -------------------------------------------------------------- */

static void th_optimize_work(void *arg)
{
  jit_State *J = th_J;
  J->loopref = 0;
  if (*(uint32_t *)arg && (J->flags & JIT_F_OPT_LOOP)) {
    J->instunroll = 0;  /* Where recording would go on with another iteration, lj_opt_loop() throws. */
    th_loop_slots(J);
    lj_opt_dce(J);
    lj_opt_loop(J);
    J->loopref = J->chain[IR_LOOP];
  }
  lj_opt_sink(J);
  if (!J->loopref) th_loop_snap(J)->count = SNAPCOUNT_DONE;
}

static int th_is_sorted(const jit_State *J, const SnapShot *snap)
{
  const SnapEntry *map = &J->cur.snapmap[snap->mapofs];
  MSize n;
  for (n = 1; n < snap->nent; n++)
    if (snap_slot(map[n-1]) >= snap_slot(map[n])) return 0;
  return 1;
}

static uint32_t th_check_loop(const jit_State *J)
{
  SnapNo n;
  if (J->cur.nsnap < 2 || J->cur.snap[J->cur.nsnap-1].ref != J->cur.nins)
    return th_refuse("optimize: a loop needs a first snapshot and one after its last instruction");
  for (n = 0; n < J->cur.nsnap; n++)
    if (!th_is_sorted(J, &J->cur.snap[n])) return th_refuse("optimize: the slots of snapshot %u do not ascend", n);
  if (J->parent && !(J->flags & JIT_F_OPT_LOOP))
    return th_refuse("optimize: without the loop optimization a side trace can't loop: link it to its root");
  return TH_OK;
}

static uint32_t api_optimize(uint32_t loop)
{
  jit_State *J = th_J;
  uint32_t status;
  TH_WANT(TH_BUILDING, "optimize");
  if (J->chain[IR_LOOP]) return th_refuse("optimize: the trace has a LOOP already");
  if (!J->cur.nsnap) return th_refuse("optimize: the trace has no snapshot");
  if (loop) {
    if ((status = th_check_loop(J))) return status;
    th_loop_pc(J);
    J->cur.linktype = LJ_TRLINK_LOOP;
    J->cur.link = J->cur.traceno;
  }
  th_blame_step();
  th_blame_enter(__builtin_frame_address(0), &J->fold.ins);
  status = th_protect(th_optimize_work, &loop);
  th_blame_stop();
  /* As trace_abort() does. */
  if (status && th_phase != TH_FAILED) api_drop();
  return status;
}
