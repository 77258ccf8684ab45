/* Edge counters: what the compiler calls for libFuzzer, which is not linked, tells where they are.
**
** A unit of its own, compiled without instrumentation. The library is one module, so there is one array of each kind.
*/
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <stddef.h>
#include "edges.h"

static struct th_edges now;

#define HOOK __attribute__((visibility("hidden"))) void

HOOK __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *stop)
{
  now.counters = start;
  now.count = (uint64_t)(stop - start);
}

HOOK __sanitizer_cov_pcs_init(const struct th_edge *start, const struct th_edge *stop)
{
  (void)stop;
  now.edge = start;
}

static void edges(struct th_edges *out)
{
  Dl_info info;
  *out = now;
  if (dladdr((const void *)(uintptr_t)&th_edges_get, &info)) out->base = (uint64_t)info.dli_fbase;
}

static const struct th_edges_api api = { TH_EDGES_VERSION, sizeof(struct th_edges_api), edges };

__attribute__((visibility("default"))) const struct th_edges_api *th_edges_get(void)
{
  return &api;
}
