/* The one Lua state of this library, protected calls into LuaJIT, and what went wrong in the last one. */

static lua_State *th_L;
static jit_State *th_J;
static GCfunc *th_fn;               /* The Lua function every trace pretends to start in. */
static GCproto *th_pt;

/* Room for traces, without growing anything for one more. */
#define TH_TRACES 64

static TraceNo th_last;             /* The trace committed last since the reset, or 0. */

/* Which ref became which code in committed traces. */
static struct { const struct th_note *notes; uint32_t n; } th_kept[TH_TRACES];

static void th_forget_all_notes(void)
{
  memset(th_kept, 0, sizeof th_kept);
  th_notes = th_note_pool;
  th_forget_notes();
}

/* With less room than a long trace needs the old notes are given up. */
static void th_keep_notes(TraceNo traceno)
{
  if (traceno >= TH_TRACES) return;
  if (th_notes - th_note_pool + th_nnotes > TH_MAX_NOTES/2) {
    memmove(th_note_pool, th_notes, th_nnotes*sizeof(struct th_note));
    memset(th_kept, 0, sizeof th_kept);
    th_notes = th_note_pool;
  }
  th_kept[traceno].notes = th_notes;
  th_kept[traceno].n = th_nnotes;
  th_notes += th_nnotes;
  th_nnotes = 0;
}

/* What may be called next. FAILED: LuaJIT was left by longjmp in the middle of something, only a reset helps. */
static enum { TH_DOWN, TH_IDLE, TH_BUILDING, TH_ASSEMBLED, TH_FAILED } th_phase;

/* -- Errors ----------------------------------------------------------------- */

static struct th_error th_err;

static const struct th_text th_traceerrs[] = {
#define TREDEF(name, text) { #name, text },
#include "lj_traceerr.h"
};
#define TH_NTRACEERRS (sizeof th_traceerrs / sizeof th_traceerrs[0])

static uint32_t th_fail(uint32_t status, const char *text)
{
  if (text != th_text) snprintf(th_text, sizeof th_text, "%s", text);
  th_err.status = status;
  th_err.trace_code = th_err.info = -1;
  th_err.at_ref = th_failed_ref;
  th_err.trace_name = NULL;
  th_err.text = th_text;
  th_failed_ref = 0;
  return status;
}

static uint32_t th_refuse(const char *fmt, ...)
{
  va_list args;
  va_start(args, fmt);
  vsnprintf(th_text, sizeof th_text, fmt, args);
  va_end(args);
  th_failed_ref = 0;
  return th_fail(TH_BAD_ARGUMENT, th_text);
}

static void api_last_error(struct th_error *out)
{
  *out = th_err;
}

/* Numbers on the Lua stack are ints or doubles, depending on the release. */
static int32_t th_tvint(const TValue *o)
{
  return tvisint(o) ? intV(o) : tvisnum(o) ? (int32_t)numV(o) : -1;
}

/* Some texts have a place for a number or string; only numbers are ever there when IR is built by hand. */
static void th_trace_text(const char *fmt, int32_t info)
{
  const char *at = strstr(fmt, "%d");
  if (at && info >= 0)
    snprintf(th_text, sizeof th_text, "%.*s%d%s", (int)(at - fmt), fmt, info, at + 2);
  else
    snprintf(th_text, sizeof th_text, "%s", fmt);
}

static uint32_t th_fail_trace(int32_t code)
{
  const struct th_text *row;
  int32_t info = th_tvint(&th_J->errinfo);
  if (code < 0 || code >= (int32_t)TH_NTRACEERRS) return th_fail(TH_LUA_ERROR, "trace error with an unknown number");
  row = &th_traceerrs[code];
  th_trace_text(row->text, info);
  th_fail(TH_TRACE_ERROR, th_text);
  th_err.trace_code = code;
  th_err.trace_name = row->name;
  th_err.info = strstr(row->text, "%d") ? info : -1;
  return TH_TRACE_ERROR;
}

/* The error object is on top of the Lua stack. */
static uint32_t th_fail_lua(lua_State *L, int code)
{
  const TValue *o = L->top - 1;
  if (code == LUA_ERRMEM) return th_fail(TH_OUT_OF_ARENA, "the arena's heap is full");
  if (tvisnumber(o)) return th_fail_trace(th_tvint(o));
  return th_fail(TH_LUA_ERROR, tvisstr(o) ? strVdata(o) : "error object is not a string");
}

/* -- Protected calls -------------------------------------------------------- */

typedef void (*ThWork)(void *arg);

/* Run work(arg) so that Lua errors, trace errors and assertions come back as a status. */
static uint32_t th_protect(ThWork work, void *arg)
{
  ThFrame f;
  lua_State *L = th_L;
  void *cframe = L->cframe;
  jmp_buf *jb = th_jb;
  ptrdiff_t base = savestack(L, L->base), top = savestack(L, L->top);
  uint32_t status = TH_OK;
  int code;
  th_frame_push(&f, L);
  th_jb = &f.jb;
  code = setjmp(f.jb);
  if (code == 0)
    work(arg);
  else if (code == TH_JMP_ASSERT)
    status = th_fail(TH_ASSERT, th_text);
  else if (code == TH_JMP_VMCALL)
    status = th_fail(TH_UNEXPECTED_VM_CALL, th_text);
  else
    status = th_fail_lua(L, code);
  th_curins = NULL;
  th_jb = jb;
  L->cframe = cframe;
  L->base = restorestack(L, base);
  L->top = restorestack(L, top);
  if (status != TH_OK && status != TH_TRACE_ERROR && status != TH_LUA_ERROR) th_phase = TH_FAILED;
  return status;
}

/* -- Start and end ---------------------------------------------------------- */

/* Bytecode positions to tell snapshots apart by. */
#define TH_TAGS 500

/* As many locals as a Lua function can have: its frame then has room for every slot a snapshot may restore. */
#define TH_NLOCALS 199
#define TH_MAX_SLOT (TH_NLOCALS + 1 + LJ_FR2)
/* Room for most traces without growing anything while one is built. */
#define TH_IR_SIZE 512
#define TH_IR_CONSTS 128

/* Two names only: each would be one more string for every reset to copy. Every assignment is one MOV, which means nothing to
** whatever decodes a snapshot's pc.
*/
static size_t th_source(char *p)
{
  char *start = p;
  int i;
  for (i = 0; i < TH_NLOCALS-1; i++) p = stpcpy(p, i ? ",l" : "local l");
  p = stpcpy(p, ",m=...");
  for (i = 0; i < TH_TAGS; i++) p = stpcpy(p, " l=m");
  p = stpcpy(p, " return l");
  return (size_t)(p - start);
}

/* The frame of that function: what BASE points to. */
static void th_start_frame(lua_State *L)
{
  TValue *slot, *caller = L->base;
  L->base = L->top + 1 + LJ_FR2;
  setfuncV(L, L->base - 1 - LJ_FR2, th_fn);
  setframe_ftsz(L->base - 1, (char *)L->base - (char *)caller + FRAME_C);
  L->top = L->base + th_pt->framesize;
  for (slot = L->base; slot < L->top; slot++) setnilV(slot);
}

static void th_start_jit(jit_State *J)
{
  static const int32_t param[JIT_P__MAX+1] = {
#define TH_PARAM(len, name, value) (value),
    JIT_PARAMDEF(TH_PARAM) 0
  };
  memcpy(J->param, param, sizeof J->param);
  J->L = th_L;
  J->flags = JIT_F_ON|JIT_F_OPT_DEFAULT;
#ifdef _LJ_PRNG_H
  memset(&J2G(J)->prng, 0x5a, sizeof J2G(J)->prng);
#else
  J->prngstate = 0x5a5a5a5a;
#endif
}

static void th_start_work(void *arg)
{
  char source[TH_NLOCALS*2 + TH_TAGS*4 + 64];
  MCode *lim;
  (void)arg;
  lua_gc(th_L, LUA_GCSTOP, 0);
  lj_state_growstack(th_L, LJ_MAX_SLOTS);
#if LJ_HASFFI
  lj_ctype_init(th_L);
#endif
  if (luaL_loadbuffer(th_L, source, th_source(source), "=tracehound")) lj_err_throw(th_L, LUA_ERRRUN);
  th_fn = funcV(th_L->top - 1);
  th_pt = funcproto(th_fn);
  th_start_jit(th_J);
  lj_mcode_reserve(th_J, &lim);
  lj_mcode_abort(th_J);
}

/* The buffers a trace is built in: behind the checkpoint, since no reset has to bring back their contents. */
static void th_scratch_work(void *arg)
{
  jit_State *J = th_J;
  IRIns *ir = lj_mem_newvec(th_L, TH_IR_SIZE, IRIns);
  (void)arg;
  J->trace = lj_mem_newvec(th_L, TH_TRACES, GCRef);
  J->sizetrace = TH_TRACES;
  memset(J->trace, 0, TH_TRACES*sizeof(GCRef));
  J->irbotlim = REF_BASE - TH_IR_CONSTS;
  J->irtoplim = J->irbotlim + TH_IR_SIZE;
  J->irbuf = ir - J->irbotlim;
  lj_snap_grow_buf_(J, 32);
  lj_snap_grow_map_(J, 256);
}

static void th_callinfo_fill(void)
{
  uint32_t id;
  memcpy(th_callinfo, lj_ir_callinfo, sizeof th_callinfo);
  for (id = 0; id < IRCALL__MAX; id++)
    if (th_callinfo[id].func)
      th_callinfo[id].func = (ASMFunction)(th_layout.base + th_layout.call_ofs + TH_CALL_STRIDE*id);
}

static uint32_t th_new_state(void)
{
  jmp_buf jb;
  th_jb = &jb;
  if (setjmp(jb)) {
    th_jb = NULL;
    return th_fail(TH_LUA_ERROR, th_text);
  }
  th_L = lua_newstate(th_alloc, NULL);
  th_jb = NULL;
  if (!th_L) return th_fail(TH_OUT_OF_ARENA, "the arena's heap is too small for a Lua state");
  th_J = L2J(th_L);
  return TH_OK;
}

/* The order matters: everything a reset must bring back, where the copies go, then the scratch buffers. They change jit_State,
** so the copies are made last.
*/
static uint32_t th_start(void)
{
  uint32_t status;
  if ((status = th_new_state())) return status;
  if ((status = th_protect(th_start_work, NULL))) return status;
  th_start_frame(th_L);  /* Not in th_protect(), which puts base and top back. */
  if (!th_checkpoint_take()) return th_fail(TH_OUT_OF_ARENA, "no host memory for the checkpoint");
  if ((status = th_protect(th_scratch_work, NULL))) return status;
  if (!th_checkpoint_copy()) return th_fail(TH_OUT_OF_ARENA, "no host memory for the checkpoint");
  return TH_OK;
}

/* A library may be used by any thread, but by one at a time. */
static int th_busy;

static void th_objects_reset(void);
static void th_objects_fini(void);

static void api_fini(void)
{
  free(th_check.copy);
  th_check.copy = NULL;
  free(th_check.shadow);
  th_check.shadow = NULL;
  th_objects_fini();
  th_arena_unmap();
  th_phase = TH_DOWN;
  __atomic_store_n(&th_busy, 0, __ATOMIC_RELEASE);
}

static uint32_t th_init(const struct th_layout *layout)
{
  uint32_t status;
  if (!th_layout_ok(layout)) return th_refuse("layout: parts overlap, leave the arena, or are not whole pages");
  if (!th_arena_map(layout))
    return th_fail(TH_OUT_OF_ARENA, "the arena's address range is taken: choose another base");
  th_callinfo_fill();
  th_phase = TH_IDLE;
  status = th_start();
  if (status) th_arena_unmap();
  return status;
}

/* If this fails, last_error() is still to be called, then fini(); not after TH_BUSY. */
static uint32_t api_init(const struct th_layout *layout)
{
  if (__atomic_exchange_n(&th_busy, 1, __ATOMIC_ACQUIRE)) return TH_BUSY;
  return th_init(layout);
}

static void api_reset(void)
{
  if (th_phase == TH_DOWN) return;
  th_checkpoint_restore();
  th_objects_reset();
  th_forget_all_notes();
  th_blame_forget();
  th_last = 0;
  th_phase = TH_IDLE;
}

static void api_scrub(void)
{
  if (th_phase == TH_DOWN) return;
  th_arena_zero();
  api_reset();
}

static void api_heap(struct th_heap *out)
{
  out->used = th_heap.top - th_heap_start();
  out->checkpoint = th_check.size;
}
