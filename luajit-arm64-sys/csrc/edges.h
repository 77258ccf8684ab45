/* Which edges of the assembler ran: shared by edges.c, which only `guided` builds have, and by its readers. `src/edges.rs` is this file in
** Rust.
*/
#ifndef TH_EDGES_H
#define TH_EDGES_H

#include <stdint.h>

#define TH_EDGES_VERSION 1u

/* An edge as the compiler tells it. */
struct th_edge {
  uint64_t pc;                          /* Of the block that it leads to. */
  uint64_t flags;                       /* 1: a function's entry. */
};
_Static_assert(sizeof(struct th_edge) == 16, "th_edge");

struct th_edges {
  uint64_t base;                        /* Where the library is loaded. */
  uint8_t *counters;                    /* One an edge, modulo 256: whoever reads them clears them. */
  const struct th_edge *edge;
  uint64_t count;
};
_Static_assert(sizeof(struct th_edges) == 32, "th_edges");

struct th_edges_api {
  uint32_t version, size;
  void (*edges)(struct th_edges *out);
};

/* The second symbol that a `guided` build exports. */
const struct th_edges_api *th_edges_get(void);

#endif
