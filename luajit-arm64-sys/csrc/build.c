/* Building a trace: what trace_start() and lj_record_setup() prepare, then constants, instructions and snapshots by hand. */

static uint32_t th_want(int phase, const char *what)
{
  static const char *const names[] = {
    "no arena", "no trace is being built", "a trace is being built", "the trace is assembled", "the last call failed: reset first"
  };
  return (int)th_phase == phase ? TH_OK : th_refuse("%s: %s", what, names[th_phase]);
}
#define TH_WANT(phase, what) do { uint32_t s_ = th_want((phase), (what)); if (s_) return s_; } while (0)

/* -- Flags ------------------------------------------------------------------ */

static uint32_t th_jit_flags(uint32_t opts)
{
  uint32_t flags = JIT_F_ON;
#define TH_FLAG(name) if (opts & TH_OPT_##name) flags |= JIT_F_OPT_##name;
  TH_FLAG(FOLD) TH_FLAG(CSE) TH_FLAG(DCE) TH_FLAG(FWD) TH_FLAG(DSE) TH_FLAG(NARROW) TH_FLAG(LOOP) TH_FLAG(ABC)
  TH_FLAG(SINK) TH_FLAG(FUSE)
#ifdef JIT_F_OPT_FMA
  TH_FLAG(FMA)
#endif
#undef TH_FLAG
  return flags;
}

#ifdef JIT_F_OPT_FMA
#define TH_OPTS_KNOWN (TH_OPT_FMA | (TH_OPT_FMA - 1))
#else
#define TH_OPTS_KNOWN (TH_OPT_FMA - 1)
#endif

/* -- Start ------------------------------------------------------------------ */

static void th_free_final(jit_State *J)
{
  if (J->curfinal) {
    lj_trace_free(J2G(J), J->curfinal);
    J->curfinal = NULL;
  }
}

static void th_drop_trace(jit_State *J)
{
  th_free_final(J);
  J->parent = J->exitno = 0;
  if (J->cur.traceno) {
    setgcrefnull(J->trace[J->cur.traceno]);
    if (J->cur.traceno < J->freetrace) J->freetrace = J->cur.traceno;
    J->cur.traceno = 0;
  }
  lj_mcode_abort(J);
}

static void th_begin_cur(jit_State *J, TraceNo traceno)
{
  setgcrefp(J->trace[traceno], &J->cur);
  memset(&J->cur, 0, sizeof J->cur);
  J->cur.traceno = (TraceNo1)traceno;
  J->cur.nins = J->cur.nk = REF_BASE;
  J->cur.ir = J->irbuf;
  J->cur.snap = J->snapbuf;
  J->cur.snapmap = J->snapmapbuf;
  setgcref(J->cur.startpt, obj2gco(th_pt));
  setmref(J->cur.startpc, J->pc);
  J->cur.startins = *J->pc;
}

static void th_begin_recorder(jit_State *J)
{
  J->L = th_L;
  J->fn = th_fn;
  J->pt = th_pt;
  J->pc = J->startpc = proto_bc(th_pt) + 1;
  J->parent = J->exitno = 0;
  J->state = LJ_TRACE_RECORD;
  J->mergesnap = J->needsnap = J->bcskip = 0;
  J->guardemit.irt = 0;
  J->ktrace = 0;
  J->loopref = 0;
  J->curfinal = NULL;
  J->baseslot = 1 + LJ_FR2;
  J->base = J->slot + J->baseslot;
  J->maxslot = 0;
  J->framedepth = J->retdepth = 0;
  memset(J->slot, 0, sizeof J->slot);
  memset(J->chain, 0, sizeof J->chain);
  memset(J->bpropcache, 0, sizeof J->bpropcache);
}

static void th_begin_ir(jit_State *J)
{
  uint32_t i;
  lj_ir_set(J, IRT(IR_BASE, IRT_PGC), 0, 0);
  lj_ir_emit(J);
  for (i = 0; i <= 2; i++) {
    IRIns *ir = &J->cur.ir[REF_NIL-i];
    ir->i = 0;
    ir->t.irt = (uint8_t)(IRT_NIL+i);
    ir->o = IR_KPRI;
    ir->prev = 0;
  }
  J->cur.nk = REF_TRUE;
}

static void th_begin_work(void *arg)
{
  jit_State *J = th_J;
  TraceNo traceno = trace_findfree(J);
  if (!traceno) lj_trace_err(J, LJ_TRERR_TRACEOV);
  th_begin_recorder(J);
  J->flags = th_jit_flags(*(uint32_t *)arg);
  th_begin_cur(J, traceno);
  th_begin_ir(J);
}

static void api_drop(void)
{
  if (th_phase != TH_BUILDING && th_phase != TH_ASSEMBLED) return;
  th_drop_trace(th_J);
  th_phase = TH_IDLE;
}

static uint32_t th_check_opts(uint32_t opts)
{
  if (opts & ~TH_OPTS_KNOWN) return th_refuse("begin: optimization %#x is not in this release", opts & ~TH_OPTS_KNOWN);
  return TH_OK;
}

static uint32_t api_begin(uint32_t opts)
{
  uint32_t status;
  api_drop();
  TH_WANT(TH_IDLE, "begin");
  if ((status = th_check_opts(opts))) return status;
  status = th_protect(th_begin_work, &opts);
  if (!status) th_phase = TH_BUILDING;
  return status;
}

/* -- Adding to the trace ---------------------------------------------------- */

/* One request to grow the trace; a struct, since it may have to pass through th_protect(). */
typedef struct ThAdd {
  void (*add)(struct ThAdd *a);
  uint32_t ot, op1, op2;
  uint64_t value;
  TRef tr;
} ThAdd;

static void th_add_work(void *arg)
{
  ThAdd *a = (ThAdd *)arg;
  a->add(a);
}

/* The recorder's own limits (lj_record_ins), so that what fits here fits there. */
static int th_too_long(const jit_State *J)
{
  return J->cur.nins > REF_BIAS + (IRRef)J->param[JIT_P_maxrecord] ||
	 J->cur.nk < REF_BIAS - (IRRef)J->param[JIT_P_maxirconst];
}

/* Growing a buffer can throw, asserting can too; otherwise the protection's setjmp is saved. */
static int th_is_safe(const jit_State *J)
{
#ifdef LUA_USE_ASSERT
  (void)J;
  return 0;
#else
  return J->cur.nins < J->irtoplim && J->cur.nk > J->irbotlim + 2;
#endif
}

/* As lj_trace_err() would, from outside of LuaJIT. */
static uint32_t th_give_up(TraceError code)
{
  setnilV(&th_J->errinfo);
  return th_fail_trace((int32_t)code);
}

static uint32_t th_add(ThAdd *a, uint32_t *ref, int throws)
{
  uint32_t status = TH_OK;
  if (th_too_long(th_J)) return th_give_up(LJ_TRERR_TRACEOV);
  if (!throws && th_is_safe(th_J))
    a->add(a);
  else
    status = th_protect(th_add_work, a);
  *ref = status ? 0 : tref_ref(a->tr);
  return status;
}

static void th_kint(ThAdd *a) { a->tr = lj_ir_kint(th_J, (int32_t)a->value); }
static void th_k64(ThAdd *a) { a->tr = lj_ir_k64(th_J, (IROp)a->ot, a->value); }
static void th_kptr(ThAdd *a) { a->tr = lj_ir_kptr_(th_J, (IROp)a->ot, (void *)a->value); }
static void th_knull(ThAdd *a) { a->tr = lj_ir_knull(th_J, (IRType)a->ot); }
static void th_kgc(ThAdd *a) { a->tr = lj_ir_kgc(th_J, (GCobj *)a->value, (IRType)a->ot); }
static void th_kslot(ThAdd *a) { a->tr = lj_ir_kslot(th_J, a->op1, a->op2); }

static uint32_t th_constant(void (*add)(ThAdd *), uint32_t ot, uint64_t value, uint32_t *ref)
{
  ThAdd a = { add, ot, 0, 0, value, 0 };
  TH_WANT(TH_BUILDING, "constant");
  return th_add(&a, ref, 0);
}

static uint32_t api_kint(int32_t k, uint32_t *ref) { return th_constant(th_kint, 0, (uint64_t)(int64_t)k, ref); }
static uint32_t api_kint64(uint64_t k, uint32_t *ref) { return th_constant(th_k64, IR_KINT64, k, ref); }
static uint32_t api_knum(uint64_t bits, uint32_t *ref) { return th_constant(th_k64, IR_KNUM, bits, ref); }
static uint32_t api_kptr(uint64_t addr, uint32_t *ref) { return th_constant(th_kptr, IR_KPTR, addr, ref); }
static uint32_t api_kkptr(uint64_t addr, uint32_t *ref) { return th_constant(th_kptr, IR_KKPTR, addr, ref); }

static uint32_t api_knull(uint32_t type, uint32_t *ref)
{
  if (type >= IRT__MAX) return th_refuse("knull: there is no IR type %u", type);
  return th_constant(th_knull, type, 0, ref);
}

static uint32_t api_kgc(uint64_t addr, uint32_t type, uint32_t *ref)
{
  if (type >= IRT__MAX) return th_refuse("kgc: there is no IR type %u", type);
  if (!th_in_arena(addr, sizeof(GCobj)) || (addr & 7)) return th_refuse("kgc: no object at %#llx", (unsigned long long)addr);
  return th_constant(th_kgc, type, addr, ref);
}

static int th_is_const(uint32_t ref) { return ref >= th_J->cur.nk && ref < REF_BIAS; }
static int th_is_ref(uint32_t ref) { return ref >= th_J->cur.nk && ref < th_J->cur.nins; }

static uint32_t api_kslot(uint32_t key, uint32_t slot, uint32_t *ref)
{
  ThAdd a = { th_kslot, 0, key, slot, 0, 0 };
  TH_WANT(TH_BUILDING, "kslot");
  if (!th_is_const(key) || slot > 0xffff) return th_refuse("kslot: key %u is no constant, or slot %u is too high", key, slot);
  return th_add(&a, ref, 0);
}

/* -- Instructions ----------------------------------------------------------- */

static uint32_t th_check_operand(uint32_t op, IRMode mode, uint32_t value)
{
  if (mode == IRMref && !th_is_ref(value)) return th_refuse("op %u: operand %u is no ref of this trace", op, value);
  if (mode == IRMlit && value >= th_J->cur.nk) return th_refuse("op %u: literal %u is too high", op, value);
  if (mode == IRMcst) return th_refuse("op %u: constants have their own functions", op);
  return TH_OK;
}

/* Literals that index one of LuaJIT's tables. */
static uint32_t th_check_literal(uint32_t op, uint32_t op1, uint32_t op2)
{
  switch (op) {
  case IR_CALLN: case IR_CALLA: case IR_CALLL: case IR_CALLS:
    if (op2 >= IRCALL__MAX || !th_callinfo[op2].func) return th_refuse("op %u: C function %u is not in this release", op, op2);
    break;
  case IR_FREF:
    if (op2 >= IRFL__MAX) return th_refuse("op %u: there is no field %u", op, op2);
    break;
  case IR_FLOAD:
    if (op2 >= IRFL__MAX && op1 != REF_NIL) return th_refuse("op %u: there is no field %u", op, op2);
    break;
  case IR_SLOAD:
    if (op1 >= LJ_MAX_JSLOTS) return th_refuse("op %u: slot %u is too high", op, op1);
    break;
  case IR_FPMATH:
    if (op2 >= IRFPM__MAX) return th_refuse("op %u: there is no function %u", op, op2);
    break;
  default: break;
  }
  return TH_OK;
}

static uint32_t th_check_ins(uint32_t ot, uint32_t op1, uint32_t op2)
{
  uint32_t status, op = ot >> 8, type = ot & IRT_TYPE;
  TH_WANT(TH_BUILDING, "instruction");
  if (op >= IR__MAX || type >= IRT__MAX || (op1|op2) > 0xffff)
    return th_refuse("op %u, type %u, operands %u and %u: out of range", op, type, op1, op2);
  if ((status = th_check_operand(op, irm_op1(lj_ir_mode[op]), op1))) return status;
  if ((status = th_check_operand(op, irm_op2(lj_ir_mode[op]), op2))) return status;
  return th_check_literal(op, op1, op2);
}

/* What the rest of LuaJIT expects to find beside the instruction itself. */
static void th_emitted(jit_State *J, IRRef ref, uint32_t op, uint32_t op1, uint32_t op2)
{
  if (op == IR_SLOAD) {
    if (!J->slot[op1]) J->slot[op1] = TREF(ref, irt_t(J->cur.ir[ref].t));
    if (op1 >= J->baseslot && op1 - J->baseslot >= J->maxslot) J->maxslot = op1 - J->baseslot + 1;
  } else if (op == IR_LOOP) {
    J->loopref = ref;
  } else if (op == IR_PHI) {
    if (!irref_isk(op1)) irt_setphi(J->cur.ir[op1].t);
    if (!irref_isk(op2)) irt_setphi(J->cur.ir[op2].t);
  }
}

static void th_emit(ThAdd *a)
{
  jit_State *J = th_J;
  lj_ir_set_(J, (IROpT)a->ot, (IRRef1)a->op1, (IRRef1)a->op2);
  a->tr = lj_ir_emit(J);
  th_emitted(J, tref_ref(a->tr), a->ot >> 8, a->op1, a->op2);
}

static void th_fold(ThAdd *a)
{
  lj_ir_set_(th_J, (IROpT)a->ot, (IRRef1)a->op1, (IRRef1)a->op2);
  th_blame_enter(__builtin_frame_address(0), &th_J->fold.ins);
  a->tr = lj_opt_fold(th_J);
}

static uint32_t api_emit(uint32_t ot, uint32_t op1, uint32_t op2, uint32_t *ref)
{
  ThAdd a = { th_emit, ot, op1, op2, 0, 0 };
  uint32_t status = th_check_ins(ot, op1, op2);
  return status ? status : th_add(&a, ref, 0);
}

/* The recorder emits these without FOLD, too. */
static int th_never_folded(uint32_t op)
{
  return op == IR_SLOAD || op == IR_LOOP || op == IR_PHI || op == IR_NOP || op == IR_BASE || op == IR_RENAME;
}

static uint32_t api_fold(uint32_t ot, uint32_t op1, uint32_t op2, uint32_t *ref)
{
  ThAdd a = { th_fold, ot, op1, op2, 0, 0 };
  uint32_t status;
  th_blame_step();
  if (th_never_folded(ot >> 8))
    status = api_emit(ot, op1, op2, ref);
  else if (!(status = th_check_ins(ot, op1, op2)))
    status = th_add(&a, ref, 1);
  th_blame_stop();
  return status;
}

/* -- Snapshots -------------------------------------------------------------- */

typedef struct ThSnap {
  const struct th_snapentry *ent;
  uint32_t nent, nslots, tag;
} ThSnap;

static SnapEntry th_snap_flags(uint32_t flags)
{
  SnapEntry sn = 0;
  if (flags & TH_SNAP_NORESTORE) sn |= SNAP_NORESTORE;
  if (flags & TH_SNAP_FRAME) sn |= SNAP_FRAME;
  if (flags & TH_SNAP_CONT) sn |= SNAP_CONT;
#ifdef SNAP_KEYINDEX
  if (flags & TH_SNAP_KEYINDEX) sn |= SNAP_KEYINDEX;
#endif
  return sn;
}

static const BCIns *th_tag_pc(uint32_t tag)
{
  return proto_bc(th_pt) + 1 + tag;
}

static void th_snap_work(void *arg)
{
  const ThSnap *s = (const ThSnap *)arg;
  jit_State *J = th_J;
  MSize n, nsnap = J->cur.nsnap, ofs = J->cur.nsnapmap;
  uint64_t pcbase = (u64ptr(th_tag_pc(s->tag)) << 8) | (J->baseslot - 1 - LJ_FR2);
  SnapShot *snap;
  SnapEntry *map;
  lj_snap_grow_buf(J, nsnap + 1);
  lj_snap_grow_map(J, ofs + s->nent + 1 + LJ_FR2);
  snap = &J->cur.snap[nsnap];
  map = &J->cur.snapmap[ofs];
  for (n = 0; n < s->nent; n++)
    map[n] = SNAP(s->ent[n].slot, th_snap_flags(s->ent[n].flags), s->ent[n].ref);
  memcpy(&map[n], &pcbase, sizeof pcbase);
  memset(snap, 0, sizeof *snap);
  snap->mapofs = ofs;
  snap->ref = (IRRef1)J->cur.nins;
  snap->nslots = (uint8_t)s->nslots;
  snap->topslot = (uint8_t)(th_pt->framesize + 1 + LJ_FR2);
  snap->nent = (uint8_t)s->nent;
  J->cur.nsnap = (uint16_t)(nsnap + 1);
  J->cur.nsnapmap = ofs + s->nent + 1 + LJ_FR2;
}

static uint32_t api_snap_at(const struct th_snapentry *ent, uint32_t nent, uint32_t nslots, uint32_t tag, uint32_t *snapno)
{
  ThSnap s = { ent, nent, nslots, tag };
  uint32_t n, status;
  TH_WANT(TH_BUILDING, "snapshot");
  if (tag >= TH_TAGS) return th_refuse("snapshot: tag %u is not below %u", tag, TH_TAGS);
  if (nent > 255 || nslots > TH_MAX_SLOT) return th_refuse("snapshot: %u entries, %u slots: too many", nent, nslots);
  for (n = 0; n < nent; n++) {
    if (!th_is_ref(ent[n].ref)) return th_refuse("snapshot: slot %u: %u is no ref of this trace", ent[n].slot, ent[n].ref);
    if (ent[n].slot >= nslots) return th_refuse("snapshot: slot %u is not below the number of slots, %u", ent[n].slot, nslots);
  }
  if (th_J->cur.nsnap >= (MSize)th_J->param[JIT_P_maxsnap]) return th_give_up(LJ_TRERR_SNAPOV);
  *snapno = th_J->cur.nsnap;
  status = th_protect(th_snap_work, &s);
  return status;
}

static uint32_t api_snap(const struct th_snapentry *ent, uint32_t nent, uint32_t nslots, uint32_t *snapno)
{
  return api_snap_at(ent, nent, nslots, 0, snapno);
}

/* -- Assembling ------------------------------------------------------------- */

static TraceLink th_linktype(uint32_t link)
{
  static const uint8_t map[TH_LINK__MAX] = {
    LJ_TRLINK_NONE, LJ_TRLINK_ROOT, LJ_TRLINK_LOOP, LJ_TRLINK_TAILREC, LJ_TRLINK_UPREC, LJ_TRLINK_DOWNREC,
    LJ_TRLINK_INTERP, LJ_TRLINK_RETURN, LJ_TRLINK_STITCH
  };
  return (TraceLink)map[link];
}

static void th_assemble_work(void *arg)
{
  (void)arg;
  lj_asm_trace(th_J, &th_J->cur);
}

static uint32_t th_check_link(uint32_t link, uint32_t traceno)
{
  jit_State *J = th_J;
  if (link >= TH_LINK__MAX) return th_refuse("assemble: there is no link type %u", link);
  if (!J->cur.nsnap || (!J->parent && J->cur.snap[0].ref != REF_FIRST))
    return th_refuse("assemble: the first snapshot must come before the first instruction");
  if (traceno && traceno != J->cur.traceno && (traceno >= J->sizetrace || !traceref(J, traceno)))
    return th_refuse("assemble: there is no trace %u to link to", traceno);
  if (J->parent && !J->loopref && traceno == J->cur.traceno)
    return th_refuse("assemble: a side trace without a LOOP can't link to itself: its start expects the parent's registers");
  if (J->loopref && traceno != J->cur.traceno) return th_refuse("assemble: a trace with a LOOP links to itself");
  return TH_OK;
}

static uint32_t api_assemble(uint32_t link, uint32_t traceno)
{
  jit_State *J = th_J;
  uint32_t status;
  TH_WANT(TH_BUILDING, "assemble");
  if (link == TH_LINK_LOOP) traceno = J->cur.traceno;
  if ((status = th_check_link(link, traceno))) return status;
  J->cur.linktype = (uint8_t)th_linktype(link);
  J->cur.link = (TraceNo1)traceno;
  J->state = LJ_TRACE_ASM;
  for (;;) {
    th_forget_notes();
    th_record_start(__builtin_frame_address(0));
    status = th_protect(th_assemble_work, NULL);
    th_blame_stop();
    /* As trace_abort() does: try again in the new machine code area. */
    if (status != TH_TRACE_ERROR || th_err.trace_code != LJ_TRERR_MCODELM) break;
    th_free_final(J);
    J->state = LJ_TRACE_ASM;
  }
  if (status == TH_OK) {
    th_phase = TH_ASSEMBLED;
    if ((uint64_t)J->cur.mcode < th_code_low) th_code_low = (uint64_t)J->cur.mcode;
  } else if (th_phase != TH_FAILED) {
    api_drop();
  }
  return status;
}
