/* Store instrumentation: the compiler's calls for ThreadSanitizer, whose library is not linked, record who writes machine code.
**
** A unit of its own, compiled without instrumentation. Frame pointers are on everywhere, so the chain of callers is on the stack.
*/
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <string.h>
#include "blame.h"

#define TH_MAX_WRITES 0x8000
#define TH_MAX_BEHIND 0x4000
#define TH_MAX_HELD 0x100000
#define TH_MAX_ENTERED 0x40000

static struct th_write writes[TH_MAX_WRITES];
static struct th_behind behind[TH_MAX_BEHIND];
static struct th_held held[TH_MAX_HELD];
static struct th_entered entered[TH_MAX_ENTERED];

static struct {
  uint32_t nwrites, nbehind, nheld, nentered, lost;
  uint32_t first_write, first_behind;   /* Of the trace being assembled. */
  uint64_t low, high;                   /* Stores in here are recorded; nothing is while both are 0. */
  const uint64_t *top;                  /* The frame that the chain ends before. */
  const uint32_t *ref;
  const uint64_t *passes;               /* The frame below which functions are noted, or NULL. */
  const void *ins;                      /* FOLD's instruction, 8 bytes. */
  uint32_t step;
  enum { NOTHING, ASM_IR, HANDLER } next;  /* What the function that is entered next is. */
} now;

/* -- Recording -------------------------------------------------------------- */

static void record(uint64_t addr, uint64_t size, const uint64_t *frame)
{
  struct th_write *w = &writes[now.nwrites];
  if (now.nwrites == TH_MAX_WRITES) {
    now.lost++;
    return;
  }
  now.nwrites++;
  w->addr = addr;
  w->size = (uint32_t)size;
  w->old = 0;
  if (size == 4) memcpy(&w->old, (const void *)addr, 4);
  w->ref = now.ref ? *now.ref : 0;
  for (w->nchain = 0; w->nchain < TH_CHAIN && frame < now.top; frame = (const uint64_t *)frame[0])
    w->chain[w->nchain++] = frame[1];
}

#define STORE(p, n) do { \
  uint64_t a_ = (uint64_t)(p); \
  if (a_ - now.low < now.high - now.low) record(a_, (n), (const uint64_t *)__builtin_frame_address(0)); \
} while (0)

static void note_function(uint64_t pc, const uint64_t *frame)
{
  struct th_entered *e = &entered[now.nentered];
  uint32_t depth = 0;
  if (now.nentered == TH_MAX_ENTERED) {
    now.lost++;
    return;
  }
  for (; frame < now.passes; frame = (const uint64_t *)frame[0]) depth++;
  now.nentered++;
  e->pc = pc;
  e->depth = depth;
  e->step = now.step;
  memcpy(&e->ins, now.ins, sizeof e->ins);
}

/* -- What the compiler calls ------------------------------------------------ */

#define HOOK __attribute__((visibility("hidden"))) void

#define SIZE(n) \
  HOOK __tsan_read##n(void *p) { (void)p; } \
  HOOK __tsan_unaligned_read##n(void *p) { (void)p; } \
  HOOK __tsan_volatile_read##n(void *p) { (void)p; } \
  HOOK __tsan_write##n(void *p) { STORE(p, n); } \
  HOOK __tsan_read_write##n(void *p) { STORE(p, n); } \
  HOOK __tsan_unaligned_write##n(void *p) { STORE(p, n); } \
  HOOK __tsan_unaligned_read_write##n(void *p) { STORE(p, n); } \
  HOOK __tsan_volatile_write##n(void *p) { STORE(p, n); }
SIZE(1) SIZE(2) SIZE(4) SIZE(8) SIZE(16)

HOOK __tsan_read_range(void *p, unsigned long n) { (void)p; (void)n; }
HOOK __tsan_write_range(void *p, unsigned long n) { STORE(p, n); }
HOOK __tsan_init(void) {}
HOOK __tsan_func_exit(void) {}

HOOK __tsan_func_entry(void *caller)
{
  (void)caller;
  if (now.next == HANDLER) behind[now.nbehind-1].handler = (uint64_t)__builtin_return_address(0);
  if (now.next != NOTHING) now.next = now.next == ASM_IR ? HANDLER : NOTHING;
  if (now.passes) note_function((uint64_t)__builtin_return_address(0), (const uint64_t *)__builtin_frame_address(0));
}

#define COPY __attribute__((visibility("hidden"))) void *

COPY __tsan_memcpy(void *to, const void *from, unsigned long n)
{
  STORE(to, n);
  return memcpy(to, from, n);
}

COPY __tsan_memmove(void *to, const void *from, unsigned long n)
{
  STORE(to, n);
  return memmove(to, from, n);
}

COPY __tsan_memset(void *to, int byte, unsigned long n)
{
  STORE(to, n);
  return memset(to, byte, n);
}

/* The only atomic operations of the unit are those of the shim. */
__attribute__((visibility("hidden"))) int __tsan_atomic32_exchange(volatile int *p, int value, int order)
{
  (void)order;
  return __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST);
}

HOOK __tsan_atomic32_store(volatile int *p, int value, int order)
{
  (void)order;
  __atomic_store_n(p, value, __ATOMIC_SEQ_CST);
}

/* -- For the shim ----------------------------------------------------------- */

HOOK th_blame_forget(void)
{
  memset(&now, 0, sizeof now);
}

HOOK th_blame_start(uint64_t low, uint64_t high, const void *frame)
{
  now.low = low;
  now.high = high;
  now.top = frame;
  now.ref = NULL;
  now.passes = NULL;
  now.first_write = now.nwrites;
  now.first_behind = now.nbehind;
}

HOOK th_blame_restart(uint32_t ref)
{
  uint32_t from = now.nwrites, kept;
  while (from > now.first_write && writes[from-1].ref >= ref) from--;
  kept = now.nwrites - from;
  memmove(&writes[now.first_write], &writes[from], kept*sizeof *writes);
  now.nwrites = now.first_write + kept;
  if (now.nbehind > now.first_behind) now.nheld = behind[now.first_behind].first;
  now.nbehind = now.first_behind;
}

HOOK th_blame_stop(void)
{
  now.low = now.high = 0;
  now.next = NOTHING;
  now.ref = NULL;
  now.passes = NULL;
}

HOOK th_blame_ref(const uint32_t *ref)
{
  now.ref = ref;
}

HOOK th_blame_behind(uint64_t end, uint32_t ref, uint32_t traceno)
{
  struct th_behind *b = &behind[now.nbehind];
  if (now.nbehind == TH_MAX_BEHIND) {
    now.lost++;
    return;
  }
  now.nbehind++;
  b->end = end;
  b->ref = ref;
  b->traceno = traceno;
  b->first = now.nheld;
  b->count = 0;
  b->handler = 0;
}

HOOK th_blame_held(uint16_t ref, uint16_t regsp, int weak)
{
  if (now.nheld == TH_MAX_HELD || !now.nbehind) {
    now.lost++;
    return;
  }
  held[now.nheld].ref = ref;
  held[now.nheld].reg = (uint8_t)regsp;
  held[now.nheld].spill = (uint8_t)(regsp >> 8);
  held[now.nheld].weak = weak != 0;
  now.nheld++;
  behind[now.nbehind-1].count++;
}

HOOK th_blame_handler(void)
{
  now.next = ASM_IR;
}

HOOK th_blame_step(void)
{
  now.step++;
}

HOOK th_blame_enter(const void *frame, const void *ins)
{
  now.passes = frame;
  now.ins = ins;
}

/* -- Reading ---------------------------------------------------------------- */

static void seen(struct th_blame *out)
{
  Dl_info info;
  memset(out, 0, sizeof *out);
  if (dladdr((const void *)(uintptr_t)&th_blame_get, &info)) out->base = (uint64_t)info.dli_fbase;
  out->writes = writes;
  out->behind = behind;
  out->held = held;
  out->entered = entered;
  out->nwrites = now.nwrites;
  out->nbehind = now.nbehind;
  out->nheld = now.nheld;
  out->nentered = now.nentered;
  out->lost = now.lost;
}

static const struct th_blame_api api = { TH_BLAME_VERSION, sizeof(struct th_blame_api), seen };

__attribute__((visibility("default"))) const struct th_blame_api *th_blame_get(void)
{
  return &api;
}
