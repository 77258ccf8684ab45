/* One translation unit: LuaJIT for ARM64, its assembly language part replaced, and the functions of api.h.
**
** Compiled with -I at a prepared tree: its src/ with the generated headers and th_amalg.h, which is LuaJIT's list of files
** (ljamalg.c) with a marker around each include.
*/
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "api.h"
#include "host.h"
#include "th_amalg.h"
#include "lj_target.h"
#include "luajit.h"
#include "th_info.h"

#undef asm_ir
#undef lj_ir_callinfo

#include "vm.c"
#include "arena.c"
#include "state.c"
#include "places.c"
#include "build.c"
#include "optimize.c"
#include "side.c"
#include "result.c"
#include "run.c"
#include "inspect.c"
#include "objects.c"
#include "rewind.c"
#include "random.c"
#include "coverage.c"
#include "tables.c"

static const struct th_objects_api th_objects_api = {
  api_str, api_tab, api_tab_set, api_meta, api_func, api_udata, api_ctype, api_cdata, api_color,
  api_read, api_upvalue, api_node, api_places, api_buffer, api_word, api_sound,
  api_tab_write, api_func_write, api_gc,
  api_checkpoint, api_rewind
};

static const struct th_passes_api th_passes_api = {
  api_snap_at, api_optimize, api_begin_side, api_slot_ref, api_snapshot, api_snap_entries, api_result_of, api_loc_of, api_ir_of,
  api_ra_seed, api_coverage
};

static const struct th_api th_api = {
  TH_API_VERSION, sizeof(struct th_api),
  api_tables, api_last_error, api_init, api_fini, api_reset, api_scrub, api_heap,
  api_begin, api_kint, api_kint64, api_knum, api_kptr, api_kkptr, api_knull, api_kgc, api_kslot,
  api_emit, api_fold, api_snap, api_assemble,
  api_result, api_loc, api_ir,
  api_commit, api_drop, api_restore, api_enter, api_leave, api_call, &th_objects_api, &th_passes_api
};

__attribute__((visibility("default"))) const struct th_api *th_api_get(void)
{
  return &th_api;
}
