/* Who wrote which word of machine code: shared by the shim of a `blame` build and by blame.c. `src/blame/abi.rs` is this file in Rust.
** A change here raises both TH_BLAME_VERSION and TH_API_VERSION, by which users' caches name their builds.
*/
#ifndef TH_BLAME_H
#define TH_BLAME_H

#include <stddef.h>
#include <stdint.h>

#define TH_BLAME_VERSION 2u
#define TH_CHAIN 20

/* A store into the machine code area. */
struct th_write {
  uint64_t addr;
  uint32_t size;
  uint32_t old;                         /* The word there before it, of a store of one word. */
  uint32_t ref;                         /* The ref being assembled, 0 where there is none. */
  uint32_t nchain;
  uint64_t chain[TH_CHAIN];             /* Return addresses, the storing function's first. */
};
_Static_assert(sizeof(struct th_write) == 24 + 8*TH_CHAIN, "th_write");

/* A value's register and spill slot, LuaJIT's own bytes. */
struct th_held {
  uint16_t ref;
  uint8_t reg, spill;
  uint8_t weak;                         /* Only snapshots want it: if the register is needed, it isn't loaded again. */
  uint8_t pad;
};
_Static_assert(sizeof(struct th_held) == 6, "th_held");

/* Where all values are behind a ref's code, which ends at `end`: `count` of `held` from `first` on. */
struct th_behind {
  uint64_t end;
  uint32_t ref, traceno;
  uint32_t first, count;
  uint64_t handler;                     /* In the function that asm_ir calls for it, or 0. */
};
_Static_assert(sizeof(struct th_behind) == 32, "th_behind");

/* A function that was entered while FOLD or another pass worked. */
struct th_entered {
  uint64_t pc;                          /* In the function. */
  uint32_t depth;                       /* Callers below the interface. */
  uint32_t step;                        /* Calls of the interface since the reset. */
  uint64_t ins;                         /* FOLD's instruction then. */
};
_Static_assert(sizeof(struct th_entered) == 24, "th_entered");

/* What was seen since the last reset. */
struct th_blame {
  uint64_t base;                        /* Where the library is loaded. */
  const struct th_write *writes;
  const struct th_behind *behind;
  const struct th_held *held;
  const struct th_entered *entered;
  uint32_t nwrites, nbehind, nheld, nentered;
  uint32_t lost, pad;                   /* Records that there was no room for. */
};
_Static_assert(sizeof(struct th_blame) == 64, "th_blame");

struct th_blame_api {
  uint32_t version, size;
  void (*seen)(struct th_blame *out);
};

/* The second symbol that a `blame` build exports. */
const struct th_blame_api *th_blame_get(void);

/* For the shim. A pass over the trace starts again: what was recorded since th_blame_start() goes, but for the writes of refs from
** `ref` on, which are already the new pass's.
*/
void th_blame_forget(void);
void th_blame_start(uint64_t low, uint64_t high, const void *frame);
void th_blame_restart(uint32_t ref);
void th_blame_stop(void);
void th_blame_ref(const uint32_t *ref);
void th_blame_behind(uint64_t end, uint32_t ref, uint32_t traceno);
void th_blame_held(uint16_t ref, uint16_t regsp, int weak);
void th_blame_handler(void);             /* The next function is asm_ir. */
void th_blame_step(void);
void th_blame_enter(const void *frame, const void *ins);

#endif
