/* What LuaJIT must find changed while it is compiled for the host: no patching, only macros set before its files are read. */

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#ifdef TH_BLAME
#include "blame.h"
#else
#define th_blame_forget() ((void)0)
#define th_blame_restart(ref) ((void)0)
#define th_blame_stop() ((void)0)
#define th_blame_ref(ref) ((void)0)
#define th_blame_step() ((void)0)
#define th_blame_enter(frame, ins) ((void)0)
#endif

/* -- Recovery ------------------------------------------------------------- */

/* longjmp codes besides Lua's own error codes. */
#define TH_JMP_ASSERT 100
#define TH_JMP_VMCALL 101

static jmp_buf *th_jb;              /* Where the running API call recovers, or NULL. */
static char th_text[1024];          /* Text of the last error. */
static void th_remember_ref(void);

__attribute__((noreturn)) static void th_escape(int code)
{
  th_remember_ref();
  if (th_jb) longjmp(*th_jb, code);
  fprintf(stderr, "luajit-arm64-sys: outside of any call: %s\n", th_text);
  abort();
}

/* Trees before 2020-06 use libc's assert. */
__attribute__((noreturn, unused)) static void th_libc_assert(const char *expr, const char *file, unsigned line, const char *func)
{
  snprintf(th_text, sizeof th_text, "%s:%u: %s: %s", file, line, func, expr);
  th_escape(TH_JMP_ASSERT);
}
#define __assert_fail th_libc_assert

/* Reached from the labels that replace lj_vm.S. */
__attribute__((noreturn, used, visibility("hidden"))) void th_unexpected(const char *what)
{
  snprintf(th_text, sizeof th_text, "unexpected call of %s", what);
  th_escape(TH_JMP_VMCALL);
}

/* -- Machine code memory comes from the arena ------------------------------- */

static struct th_layout th_layout;
static uint64_t th_mc_low;          /* Machine code areas are handed out downwards. */

static void *th_os_map(uint64_t addr, size_t size)
{
  return mmap((void *)addr, size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE|MAP_FIXED_NOREPLACE, -1, 0);
}

static void th_os_unmap(uint64_t addr, size_t size)
{
  munmap((void *)addr, size);
}

static void *th_mc_map(size_t size)
{
  uint64_t lowest = th_layout.base + th_layout.mcode_ofs;
  if (th_mc_low - lowest < size) return MAP_FAILED;
  th_mc_low -= size;
  return (void *)th_mc_low;
}

/* Badly placed areas come straight back; nothing else is ever freed. */
static int th_mc_unmap(void *p, size_t size)
{
  if ((uint64_t)p == th_mc_low) th_mc_low += size;
  return 0;
}

#define mmap(hint, size, prot, flags, fd, ofs) th_mc_map(size)
#define munmap(p, size) th_mc_unmap((p), (size))
#define mprotect(p, size, prot) 0

/* -- Which ref became which code -------------------------------------------- */

/* asm_ir occurs twice: as the head of its definition and in its one call. The first token of each argument tells them apart,
** so the definition becomes asm_ir_real() and the call takes a note first.
*/
#define asm_ir(a, b) TH_ASM_##a, TH_ASM_##b)
#define TH_ASM_ASMState asm_ir_real(ASMState
#define TH_ASM_IRIns IRIns
#ifdef TH_BLAME
#define TH_ASM_as (th_take_note((void *)(as), &(as)->curins, (uint64_t)(as)->mcp), \
  th_take_places((as)->ir, (as)->T->nk, (as)->curins, (uint64_t)(as)->mcp, (as)->weakset), th_blame_handler(), asm_ir_real(as
static void th_take_places(const void *irs, uint32_t nk, uint32_t ref, uint64_t mcp, uint64_t weak);
#else
#define TH_ASM_as (th_take_note((void *)(as), &(as)->curins, (uint64_t)(as)->mcp), asm_ir_real(as
#endif
#define TH_ASM_ir ir)

/* Committed traces keep theirs; the trace being assembled uses the rest of the pool. */
#define TH_MAX_NOTES 0x8000
static struct th_note th_note_pool[TH_MAX_NOTES], *th_notes = th_note_pool;
static uint32_t th_nnotes;
static const uint32_t *th_curins;   /* &as->curins while lj_asm_trace runs, or NULL. */
static uint32_t th_failed_ref;
static uint64_t th_code_low;        /* Lowest code address written since the last reset, as far as notes tell. */

static inline void th_take_note(void *as, const uint32_t *curins, uint64_t mcp)
{
  uint32_t ref = *curins;
  (void)as;
  th_curins = curins;
  /* The assembler works backwards: a ref that is not lower starts another pass over the trace. */
  if (th_nnotes && ref >= th_notes[th_nnotes-1].ref) {
    th_nnotes = 0;
    th_blame_restart(ref);
  }
  th_blame_ref(curins);
  if (th_notes + th_nnotes < th_note_pool + TH_MAX_NOTES) {
    th_notes[th_nnotes].ref = ref;
    th_notes[th_nnotes].end = (uint32_t)(mcp - (th_layout.base + th_layout.mcode_ofs));
    th_nnotes++;
  }
  if (mcp < th_code_low) th_code_low = mcp;
}

static void th_forget_notes(void)
{
  th_nnotes = 0;
  th_curins = NULL;
}

/* Only valid while lj_asm_trace's frame is alive: call it before any longjmp. */
static void th_remember_ref(void)
{
  if (th_curins) th_failed_ref = *th_curins;
  th_curins = NULL;
}

/* -- LuaJIT's headers, and names that need another meaning ------------------ */

#define LUA_CORE
#define ljamalg_c
#include "lua.h"
#include "lauxlib.h"
#include "lj_obj.h"
#include "lj_vm.h"
#include "lj_ir.h"
#include "lj_jit.h"
#include "lj_ircall.h"

/* The exit handlers are addresses in the guest. */
#define lj_vm_exit_handler (*(ASMFunction)(th_layout.base + th_layout.vm_ofs))
#define lj_vm_exit_interp (*(ASMFunction)(th_layout.base + th_layout.vm_ofs + TH_VM_INTERP))

/* Code calls C functions at made-up addresses, the same on every run: everyone but lj_ir.c, which defines the real table, and lj_opt_fold.c,
** which calls the functions, reads this copy. (The real one is const: a compiler may have folded its pointers into the code.)
*/
static CCallInfo th_callinfo[IRCALL__MAX+1];
#define lj_ir_callinfo th_callinfo

/* Seeds must not come from the system: the string hash, hence code, depends on them. th_amalg.h puts this in lj_state.c. */
__attribute__((unused)) static int th_prng_seed(void *prng, size_t size)
{
  memset(prng, 0x5a, size);
  return 1;
}
