/* The table of functions a build of LuaJIT's ARM64 assembler offers: plain data, the same for every LuaJIT release.
**
** `src/abi.rs` is this file in Rust; both sides pin sizes and offsets. A change here raises TH_API_VERSION.
*/
#ifndef TH_API_H
#define TH_API_H

#include <stddef.h>
#include <stdint.h>

#define TH_API_VERSION 5u

enum th_status {
  TH_OK,
  TH_TRACE_ERROR,           /* lj_trace_err: the assembler or FOLD gave the trace up. */
  TH_ASSERT,                /* One of LuaJIT's own assertions failed. */
  TH_LUA_ERROR,             /* Any other Lua error, with its message. */
  TH_UNEXPECTED_VM_CALL,    /* C code called a part of lj_vm.S that has no replacement here. */
  TH_OUT_OF_ARENA,          /* The arena's heap is full, or its address range is taken. */
  TH_BAD_ARGUMENT,          /* Refused before LuaJIT saw it. */
  TH_BUSY                   /* init: the library's one Lua state is in use, maybe by another thread; nothing was touched. */
};

/* Our numbering of optimizations, links and snapshot flags: LuaJIT's own differs from release to release. */
enum th_opt {
  TH_OPT_FOLD = 1 << 0, TH_OPT_CSE = 1 << 1, TH_OPT_DCE = 1 << 2, TH_OPT_FWD = 1 << 3, TH_OPT_DSE = 1 << 4,
  TH_OPT_NARROW = 1 << 5, TH_OPT_LOOP = 1 << 6, TH_OPT_ABC = 1 << 7, TH_OPT_SINK = 1 << 8, TH_OPT_FUSE = 1 << 9,
  TH_OPT_FMA = 1 << 10
};

enum th_link {
  TH_LINK_NONE, TH_LINK_ROOT, TH_LINK_LOOP, TH_LINK_TAILREC, TH_LINK_UPREC, TH_LINK_DOWNREC, TH_LINK_INTERP,
  TH_LINK_RETURN, TH_LINK_STITCH, TH_LINK__MAX
};

enum th_snapflag {
  TH_SNAP_NORESTORE = 1 << 0, TH_SNAP_FRAME = 1 << 1, TH_SNAP_CONT = 1 << 2, TH_SNAP_KEYINDEX = 1 << 3
};

enum th_callflag {
  TH_CALL_L = 1 << 0, TH_CALL_CASTU64 = 1 << 1, TH_CALL_NOFPRCLOBBER = 1 << 2, TH_CALL_VARARG = 1 << 3,
  TH_CALL_FASTCALL = 1 << 4, TH_CALL_THROWS = 1 << 5
};

/* Where everything lives. Offsets from base, all multiples of the page size. Machine code may lie beyond total: it is then mapped
** apart.
*/
struct th_layout {
  uint64_t base;
  uint64_t heap_size;                   /* The heap starts at base, */
  uint64_t heap_first;                  /* and is used from here on: the global state comes first. */
  uint64_t object_ofs, object_size;     /* Part of the heap's range: objects at addresses of the caller's choice. */
  uint64_t mcode_ofs, mcode_size;
  uint64_t vm_ofs;                      /* Exit handler; the exit to the interpreter is TH_VM_INTERP further on. */
  uint64_t call_ofs;                    /* C function id is "at" call_ofs + TH_CALL_STRIDE * id. */
  uint64_t data_ofs, data_size;
  uint64_t stack_ofs, stack_size;
  uint64_t total;
};
_Static_assert(sizeof(struct th_layout) == 112, "th_layout");
_Static_assert(offsetof(struct th_layout, total) == 104, "th_layout.total");

#define TH_VM_INTERP 0x100u
#define TH_CALL_STRIDE 16u
#define TH_HELPERS 256u                 /* Addresses behind those of LuaJIT's C functions, for the caller's own. */

struct th_error {
  uint32_t status;
  int32_t trace_code;                   /* LJ_TRERR_*, or -1. */
  uint32_t at_ref;                      /* The ref being assembled, or 0. */
  int32_t info;                         /* What lj_trace_err_info added (the opcode of NYIIR), or -1. */
  const char *trace_name;               /* "NYIIR", or NULL. */
  const char *text;
};
_Static_assert(sizeof(struct th_error) == 32, "th_error");

struct th_snapentry {
  uint8_t slot;
  uint8_t flags;                        /* enum th_snapflag */
  uint16_t ref;
};
_Static_assert(sizeof(struct th_snapentry) == 4, "th_snapentry");

struct th_ins {
  uint8_t op, type;                     /* The type byte includes IRT_GUARD, IRT_ISPHI and IRT_MARK. */
  uint16_t op1, op2, prev;              /* prev: chain before assembly, register and spill slot after it. */
  uint64_t value;                       /* Constants: KINT sign-extended, 64 bit ones as they are. */
};
_Static_assert(sizeof(struct th_ins) == 16, "th_ins");

/* Code that belongs to ref ends at mcode_area + end; it starts where the next note's code ends. */
struct th_note {
  uint32_t ref, end;
};
_Static_assert(sizeof(struct th_note) == 8, "th_note");

struct th_result {
  uint64_t mcode, size;                 /* Without the exit stubs. */
  uint64_t loop_ofs;                    /* mcloop */
  uint64_t stubs, end;                  /* Exit stubs: address of the common part; end of the whole trace. */
  uint64_t stub0;                       /* The stub of exit 0; one word each. */
  uint64_t k_start, k_end;              /* Constants the code may load from. */
  uint64_t area;                        /* What th_note.end is relative to. */
  uint64_t base, gl, L, pc;             /* x19, x22, x23 and x21 on entry. */
  uint32_t spadjust, nsnap, nexits, nins, nk, traceno;
  uint32_t far_exit;                    /* 1: the stubs load the handler's address. */
  uint32_t nnotes;
  const struct th_note *notes;
};
_Static_assert(sizeof(struct th_result) == 144, "th_result");
_Static_assert(offsetof(struct th_result, spadjust) == 104, "th_result.spadjust");

struct th_loc {
  uint8_t reg;                          /* 0-31 x, 32-63 d, TH_NOREG. */
  uint8_t spill;                        /* [sp + 4*spill], or 0. */
  uint8_t raw_reg;                      /* LuaJIT's register byte, with its flags (RID_SINK and so on). */
  uint8_t type;
};
#define TH_NOREG 0x80u
_Static_assert(sizeof(struct th_loc) == 4, "th_loc");

/* A snapshot as it is in memory: exits of the code that follows ref restore its entries. */
struct th_snapshot {
  uint32_t ref, nslots, nent;
  uint32_t tag;                         /* Given by snap_at(): its bytecode pc, counted from the pc of tag 0. */
};
_Static_assert(sizeof(struct th_snapshot) == 16, "th_snapshot");

/* What a stack slot holds while a trace is built; ref is 0 if nothing is known. */
struct th_slot {
  uint16_t ref;
  uint8_t type, pad;
};
_Static_assert(sizeof(struct th_slot) == 4, "th_slot");

/* Tables by name. */
struct th_op { const char *name; uint8_t op1, op2, commutative, kind, weak_guard, raw; uint8_t pad[2]; };
struct th_type { const char *name; uint64_t size; };
struct th_value { const char *name; int64_t value; };
struct th_text { const char *name; const char *text; };
struct th_call { const char *name; const void *func; uint8_t nargs, type, op, pad; uint32_t flags; };  /* func: NULL if absent */
_Static_assert(sizeof(struct th_op) == 16, "th_op");
_Static_assert(sizeof(struct th_call) == 24, "th_call");

struct th_slice { const void *ptr; uint64_t len; };

struct th_tables {
  struct th_slice ops, types, calls;    /* th_op, th_type, th_call; the index is the number. */
  struct th_slice fpmath, fields;       /* th_value: number; th_value: offset, the index is the number. */
  struct th_slice values;               /* th_value: every other named number of this release. */
  struct th_slice traceerrs;            /* th_text; the index is the number. */
  const char *version;                  /* LUAJIT_VERSION */
  const char *build_info;               /* How it was built: lines of "key: value". */
  uint32_t opts;                        /* enum th_opt this release has. */
  uint32_t asserts, random_ra;          /* How it was built. */
  uint32_t max_slot;                    /* Snapshot and SLOAD slots must be below. */
  uint32_t exit_fpr, exit_gpr, exit_spill, exit_size;  /* ExitState */
};
_Static_assert(sizeof(struct th_tables) == 160, "th_tables");

struct th_heap { uint64_t used, checkpoint; };

/* -- Objects ---------------------------------------------------------------- */

enum th_kind { TH_KIND_OTHER, TH_KIND_STR, TH_KIND_TAB, TH_KIND_FUNC, TH_KIND_UDATA, TH_KIND_CDATA };
enum th_word { TH_WORD_VALUE, TH_WORD_KEY, TH_WORD_OBJECT };  /* Any; neither nil nor NaN; an object. */
enum th_color { TH_WHITE, TH_GRAY, TH_BLACK };
enum th_gcstate { TH_GC_PAUSE, TH_GC_PROPAGATE, TH_GC_SWEEP };

/* What an object is made of; all addresses were found to be inside of the arena. */
struct th_object {
  uint32_t kind, color;
  uint64_t data, size;                  /* Str, Udata, Cdata: payload, bytes. Tab: array part, words. Func: upvalues. */
  uint64_t nodes, nnodes;               /* Tab: hash part, struct th_node. */
  uint64_t meta;                        /* Tab, Udata: metatable, or 0. */
  uint32_t detail;                      /* Tab: nomm. Udata: udtype. Cdata: C type. Other: the collector's type number. */
  uint32_t pad;
};
_Static_assert(sizeof(struct th_object) == 56, "th_object");

struct th_node { uint64_t value, key, next; };
_Static_assert(sizeof(struct th_node) == 24, "th_node");

struct th_upvalue {
  uint64_t addr;                        /* Of the value: in the upvalue, or in the Lua stack. */
  uint32_t closed, color;
  uint32_t hash, pad;                   /* The low byte of UREFO's and UREFC's second operand. */
};
_Static_assert(sizeof(struct th_upvalue) == 24, "th_upvalue");

struct th_newup { uint64_t open, value; };  /* open: value is a slot, 2 for BASE[0]. Otherwise a tagged word. */
struct th_pair { uint64_t key, value; };
struct th_ctype { uint32_t id, size, align, vla; };  /* size: without the variable part; align in bytes. */

/* Addresses that operands and keys refer to. */
struct th_places { uint64_t L, g, tmptv, tmpbuf, niltv, env; };

struct th_objects_api {
  /* Making: the object's header is at addr, what it refers to in the heap. */
  uint32_t (*str)(uint64_t addr, const char *bytes, uint64_t len, uint64_t *at);
  uint32_t (*tab)(uint64_t addr, uint32_t asize, uint32_t hbits);
  uint32_t (*tab_set)(uint64_t tab, uint64_t key, uint64_t value);
  uint32_t (*meta)(uint64_t obj, uint64_t meta);
  uint32_t (*func)(uint64_t addr, const struct th_newup *up, uint32_t nup);
  uint32_t (*udata)(uint64_t addr, uint32_t size);
  uint32_t (*ctype)(const char *name, struct th_ctype *out);
  uint32_t (*cdata)(uint64_t addr, uint32_t id, uint32_t size);
  uint32_t (*color)(uint64_t obj, uint32_t color);
  /* Looking. */
  uint32_t (*read)(uint64_t addr, struct th_object *out);
  uint32_t (*upvalue)(uint64_t func, uint32_t idx, struct th_upvalue *out);
  uint32_t (*node)(uint64_t tab, uint64_t key, uint32_t *slot, uint32_t *main);  /* slot: ~0 if the key is in no node. */
  void (*places)(struct th_places *out);
  uint32_t (*buffer)(uint64_t addr);    /* TH_OK if a string buffer is there. */
  uint32_t (*word)(uint64_t word, uint32_t what);  /* TH_OK if a tagged word is that; enum th_word */
  uint32_t (*sound)(uint64_t tab);      /* TH_OK if a table is there that LuaJIT's functions can work on. */
  /* Values. */
  uint32_t (*tab_write)(uint64_t tab, const uint64_t *array, uint32_t narray, const struct th_pair *pair, uint32_t npair);
  uint32_t (*func_write)(uint64_t func, const uint64_t *word, uint32_t nword);
  uint32_t (*gc)(uint32_t pending, uint32_t state, uint32_t profile);
  /* Between runs. */
  uint32_t (*checkpoint)(void);
  uint32_t (*rewind)(void);
};
_Static_assert(sizeof(struct th_objects_api) == 168, "th_objects_api");

/* Optimization passes, side traces, committed traces, and how they are built. A trace number of 0 means the trace that result(),
** loc() and ir() mean.
*/
struct th_passes_api {
  uint32_t (*snap_at)(const struct th_snapentry *ent, uint32_t nent, uint32_t nslots, uint32_t tag, uint32_t *snapno);
  uint32_t (*optimize)(uint32_t loop);
  uint32_t (*begin_side)(uint32_t parent, uint32_t exitno, uint32_t opts);
  uint32_t (*slot_ref)(uint32_t slot, struct th_slot *out);
  uint32_t (*snapshot)(uint32_t traceno, uint32_t snapno, struct th_snapshot *out);
  uint32_t (*snap_entries)(uint32_t traceno, uint32_t snapno, struct th_snapentry *ent, uint32_t max);
  uint32_t (*result_of)(uint32_t traceno, struct th_result *out);
  uint32_t (*loc_of)(uint32_t traceno, uint32_t snapno, uint32_t ref, struct th_loc *out);
  uint32_t (*ir_of)(uint32_t traceno, uint32_t ref, struct th_ins *out);
  uint32_t (*ra_seed)(uint64_t seed);   /* 1 if the register allocator is random in this build. */
  uint32_t (*coverage)(const char *folder);  /* Adds the line counters since the last call to shim.gcda there. */
};
_Static_assert(sizeof(struct th_passes_api) == 88, "th_passes_api");

struct th_api {
  uint32_t version, size;
  const struct th_tables *(*tables)(void);
  void (*last_error)(struct th_error *out);
  uint32_t (*init)(const struct th_layout *layout);
  void (*fini)(void);
  void (*reset)(void);
  void (*scrub)(void);                  /* reset, and the whole rest of the arena reads as zero. */
  void (*heap)(struct th_heap *out);
  /* Building. */
  uint32_t (*begin)(uint32_t opts);
  uint32_t (*kint)(int32_t k, uint32_t *ref);
  uint32_t (*kint64)(uint64_t k, uint32_t *ref);
  uint32_t (*knum)(uint64_t bits, uint32_t *ref);
  uint32_t (*kptr)(uint64_t addr, uint32_t *ref);
  uint32_t (*kkptr)(uint64_t addr, uint32_t *ref);
  uint32_t (*knull)(uint32_t type, uint32_t *ref);
  uint32_t (*kgc)(uint64_t addr, uint32_t type, uint32_t *ref);
  uint32_t (*kslot)(uint32_t key, uint32_t slot, uint32_t *ref);
  uint32_t (*emit)(uint32_t ot, uint32_t op1, uint32_t op2, uint32_t *ref);
  uint32_t (*fold)(uint32_t ot, uint32_t op1, uint32_t op2, uint32_t *ref);
  uint32_t (*snap)(const struct th_snapentry *ent, uint32_t nent, uint32_t nslots, uint32_t *snapno);
  uint32_t (*assemble)(uint32_t link, uint32_t traceno);
  /* Reading back. */
  uint32_t (*result)(struct th_result *out);
  uint32_t (*loc)(uint32_t snapno, uint32_t ref, struct th_loc *out);
  uint32_t (*ir)(uint32_t ref, struct th_ins *out);
  /* Running. */
  uint32_t (*commit)(void);
  void (*drop)(void);
  uint32_t (*restore)(uint32_t traceno, uint32_t exitno, void *exitstate);
  void (*enter)(uint32_t traceno);
  void (*leave)(void);
  uint32_t (*call)(uint32_t id, const uint64_t x[8], const uint64_t d[8], uint64_t *x0, uint64_t *d0);
  const struct th_objects_api *objects;
  const struct th_passes_api *passes;
};
_Static_assert(sizeof(struct th_api) == 256, "th_api");

/* The only symbol a build exports. */
const struct th_api *th_api_get(void);

#endif
