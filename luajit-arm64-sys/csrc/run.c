/* Around a run of the code: keep the trace, restore from an exit, call the C functions it calls. */

/* -- Keeping the trace ------------------------------------------------------ */

static void th_commit_work(void *arg)
{
  jit_State *J = th_J;
  (void)arg;
  if (J->parent) {
    trace_stop(J);  /* Patches the parent's exit. */
    J->parent = J->exitno = 0;
  } else {
    /* trace_stop() would patch bytecode that the trace did not start at. */
    lj_mcode_commit(J, J->cur.mcode);
    trace_save(J, J->curfinal);
  }
}

static uint32_t api_commit(void)
{
  TraceNo traceno = th_J ? th_J->cur.traceno : 0;
  uint32_t status;
  TH_WANT(TH_ASSEMBLED, "commit");
  th_record_start(__builtin_frame_address(0));
  status = th_protect(th_commit_work, NULL);
  th_blame_stop();
  if (!status) {
    th_last = traceno;
    th_keep_notes(traceno);
    th_phase = TH_IDLE;
  }
  return status;
}

/* -- Exits ------------------------------------------------------------------ */

static void th_restore_work(void *arg)
{
  lj_snap_restore(th_J, arg);
}

/* lj_snap_restore() from a register file as the exit handler would have saved it; fills the stack slots. */
static uint32_t api_restore(uint32_t traceno, uint32_t exitno, void *exitstate)
{
  jit_State *J = th_J;
  GCtrace *T;
  uint32_t status;
  TH_WANT(TH_IDLE, "restore");
  if (!traceno || traceno >= J->sizetrace || !traceref(J, traceno)) return th_refuse("restore: trace %u is not committed", traceno);
  T = traceref(J, traceno);
  if (T->root && exitno == T->nsnap) {  /* As trace_exit_cp(): a failed stack check is an exit of the parent. */
    traceno = T->ir[REF_BASE].op1;
    exitno = T->ir[REF_BASE].op2;
    T = traceref(J, traceno);
  }
  if (exitno >= T->nsnap) return th_refuse("restore: trace %u has no exit %u", traceno, exitno);
  J->L = th_L;
  J->parent = traceno;
  J->exitno = exitno;
  status = th_protect(th_restore_work, exitstate);
  J->parent = J->exitno = 0;
  return status;
}

/* -- The state a running trace expects -------------------------------------- */

static void api_enter(uint32_t traceno)
{
  global_State *g = G(th_L);
  setmref(g->jit_base, th_L->base);
  setgcref(g->cur_L, obj2gco(th_L));
  setsbufL(&g->tmpbuf, th_L);
  g->vmstate = (int32_t)traceno;
}

static void api_leave(void)
{
  global_State *g = G(th_L);
  setmref(g->jit_base, NULL);
  g->vmstate = ~LJ_VMST_INTERP;
}

/* -- C functions ------------------------------------------------------------ */

/* Both calling conventions number integer and FP arguments independently, so one call serves every signature; the
** struct comes back in rax and xmm0.
*/
typedef struct ThRet { uint64_t x; double d; } ThRet;
typedef ThRet (*ThCFunc)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
			 double, double, double, double, double, double, double, double);

typedef struct ThCall {
  uint32_t id;
  const uint64_t *x, *d;
  ThRet ret;
} ThCall;

static double th_double(uint64_t bits)
{
  double d;
  memcpy(&d, &bits, sizeof d);
  return d;
}

static void th_call_work(void *arg)
{
  ThCall *c = (ThCall *)arg;
  const uint64_t *x = c->x, *d = c->d;
  ThCFunc func = (ThCFunc)lj_ir_callinfo[c->id].func;
  c->ret = func(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], th_double(d[0]), th_double(d[1]), th_double(d[2]),
		th_double(d[3]), th_double(d[4]), th_double(d[5]), th_double(d[6]), th_double(d[7]));
}

static uint32_t api_call(uint32_t id, const uint64_t x[8], const uint64_t d[8], uint64_t *x0, uint64_t *d0)
{
  ThCall c = { id, x, d, { 0, 0 } };
  uint32_t status;
  if (th_phase == TH_DOWN || th_phase == TH_FAILED) return th_want(TH_IDLE, "call");
  if (id >= IRCALL__MAX || !th_callinfo[id].func) return th_refuse("call: C function %u is not in this release", id);
  status = th_protect(th_call_work, &c);
  *x0 = c.ret.x;
  memcpy(d0, &c.ret.d, sizeof *d0);
  return status;
}
