/* The arena: one mapping at a fixed address, its heap, and the checkpoint that makes a reset a memcpy. */

#include "hide.h"

/* Freed blocks are chained by size class: multiples of 16 bytes up to 512, then four steps for each power of two. */
#define TH_SMALL 32
#define TH_CLASSES (TH_SMALL + 4*28)

static struct {
  uint64_t top, limit;
  void *freed[TH_CLASSES];
} th_heap;

static unsigned th_class(size_t size)
{
  unsigned log;
  size += TH_GAP;
  if (size <= 16*TH_SMALL) return size <= 16 ? 0 : (unsigned)((size - 1) / 16);
  log = 63u - (unsigned)__builtin_clzll(size - 1);   /* 9 or more */
  return TH_SMALL + 4*(log - 9) + (unsigned)((size - 1) >> (log - 2) & 3);
}

static size_t th_class_size(unsigned class)
{
  unsigned big = class - TH_SMALL;
  return class < TH_SMALL ? 16*(size_t)(class + 1) : (size_t)(5 + big % 4) << (big / 4 + 7);
}

TH_UNCHECKED static void *th_block_get(unsigned class)
{
  void *p = th_heap.freed[class];
  if (p) {
    th_heap.freed[class] = *(void **)p;
  } else {
    size_t size = th_class_size(class);
    if (th_heap.limit - th_heap.top < size) return NULL;
    p = (void *)th_heap.top;
    th_heap.top += size;
  }
  return p;
}

TH_UNCHECKED static void th_block_free(void *p, unsigned class)
{
  *(void **)p = th_heap.freed[class];
  th_heap.freed[class] = p;
  th_hide((uint64_t)p, th_class_size(class));
}

/* Of a block, only what was asked for. */
static void *th_block_trim(void *p, size_t size)
{
  th_hide((uint64_t)p, th_class_size(th_class(size)));
  th_show((uint64_t)p, size);
  return p;
}

/* -- The object area -------------------------------------------------------- */

/* Blocks at addresses of the caller's choice. They are never on the lists of free blocks: whoever frees one only forgets it. */
static struct {
  uint64_t place;                   /* Where the next new block goes, or 0. */
  uint64_t base, top, limit;        /* Nothing was placed at top or above. */
} th_area;

static int th_is_placed(const void *p)
{
  return (uint64_t)p >= th_area.base && (uint64_t)p < th_area.limit;
}

static void *th_block_place(size_t size)
{
  uint64_t at = th_area.place;
  th_area.place = 0;
  if (th_area.limit - at < size) return NULL;
  if (at + size > th_area.top) th_area.top = at + size;
  return (void *)at;
}

static void *th_block_new(size_t size)
{
  unsigned class = th_class(size);
  void *p;
  if (th_area.place) return th_block_place(size);
  p = class < TH_CLASSES ? th_block_get(class) : NULL;
  return p ? th_block_trim(p, size) : NULL;
}

/* Whether a block is large enough for its new size as it is. */
static int th_block_fits(const void *p, size_t osize, size_t nsize)
{
  return th_is_placed(p) ? nsize <= osize : th_class(osize) == th_class(nsize);
}

/* lua_Alloc */
static void *th_alloc(void *ud, void *old, size_t osize, size_t nsize)
{
  void *p = NULL;
  (void)ud;
  if (nsize) {
    if (old && th_block_fits(old, osize, nsize)) return th_is_placed(old) ? old : th_block_trim(old, nsize);
    if (!(p = th_block_new(nsize))) return NULL;
    if (old) memcpy(p, old, osize < nsize ? osize : nsize);
  }
  if (old && !th_is_placed(old)) th_block_free(old, th_class(osize));
  return p;
}

/* The heap's first block. */
static uint64_t th_heap_start(void)
{
  return th_layout.base + th_layout.heap_first;
}

static int th_in_arena(uint64_t addr, uint64_t size)
{
  uint64_t ofs = addr - th_layout.base;
  return ofs < th_layout.total && size <= th_layout.total - ofs;
}

/* Whatever one pass of the assembler writes below its last note is shorter than this. */
#define TH_CODE_SLACK 1024

/* -- Mapping ---------------------------------------------------------------- */

static int th_part_ok(const struct th_layout *l, uint64_t ofs, uint64_t size)
{
  return !((ofs | size) & 4095) && ofs >= l->heap_size && ofs <= l->total && size && size <= l->total - ofs;
}

/* Machine code beyond the arena has a mapping of its own: address space in between is not ours to reserve. */
static int th_mcode_apart(const struct th_layout *l)
{
  return l->mcode_ofs >= l->total;
}

static int th_mcode_ok(const struct th_layout *l)
{
  if (!th_mcode_apart(l)) return th_part_ok(l, l->mcode_ofs, l->mcode_size);
  return !((l->mcode_ofs | l->mcode_size) & 4095) && l->mcode_size && l->base + l->mcode_ofs + l->mcode_size > l->base + l->total;
}

static int th_apart(uint64_t a, uint64_t asize, uint64_t b, uint64_t bsize)
{
  return a + asize <= b || b + bsize <= a;
}

static int th_layout_ok(const struct th_layout *l)
{
  const uint64_t part[5][2] = {
    { l->mcode_ofs, l->mcode_size }, { l->vm_ofs, 4096 }, { l->call_ofs, 4096 * ((TH_CALL_STRIDE*(IRCALL__MAX + TH_HELPERS) + 4095) / 4096) },
    { l->data_ofs, l->data_size }, { l->stack_ofs, l->stack_size }
  };
  int i, j;
  if (((l->object_ofs | l->object_size) & 4095) || l->object_ofs > l->heap_size ||
      l->object_size > l->heap_size - l->object_ofs ||
      (l->heap_first > l->object_ofs && l->heap_first < l->object_ofs + l->object_size))
    return 0;
  if (((l->base | l->heap_size | l->heap_first | l->total) & 4095) || !l->base || l->heap_size > l->total) return 0;
  if (l->heap_first > l->heap_size || !th_mcode_ok(l)) return 0;
  for (i = 0; i < 5; i++) {
    if (i && !th_part_ok(l, part[i][0], part[i][1])) return 0;
    for (j = 0; j < i; j++)
      if (!th_apart(part[i][0], part[i][1], part[j][0], part[j][1])) return 0;
  }
  return 1;
}

static int th_map_at(uint64_t addr, uint64_t size)
{
  void *p = th_os_map(addr, size);
  if (p == (void *)addr) return 1;
  /* Kernels before 4.17 take MAP_FIXED_NOREPLACE as a hint. */
  if (p != MAP_FAILED) th_os_unmap((uint64_t)p, size);
  return 0;
}

static int th_arena_map(const struct th_layout *l)
{
  if (!th_map_at(l->base, l->total)) return 0;
  if (th_mcode_apart(l) && !th_map_at(l->base + l->mcode_ofs, l->mcode_size)) {
    th_os_unmap(l->base, l->total);
    return 0;
  }
  th_layout = *l;
  th_mc_low = l->base + l->mcode_ofs + l->mcode_size;
  th_code_low = th_mc_low + TH_CODE_SLACK;
  memset(&th_heap, 0, sizeof th_heap);
  th_heap.top = th_heap_start();
  th_heap.limit = l->base + (l->heap_first > l->object_ofs ? l->heap_size : l->object_ofs);
  th_area.base = th_area.top = l->base + l->object_ofs;
  th_area.limit = th_area.base + l->object_size;
  th_area.place = 0;
  th_hide(th_heap.top, th_heap.limit - th_heap.top);
  return 1;
}

static void th_arena_unmap(void)
{
  if (th_layout.base) th_show(th_heap_start(), th_heap.limit - th_heap_start());
  if (th_layout.base) th_os_unmap(th_layout.base, th_layout.total);
  if (th_layout.base && th_mcode_apart(&th_layout)) th_os_unmap(th_layout.base + th_layout.mcode_ofs, th_layout.mcode_size);
  memset(&th_layout, 0, sizeof th_layout);
}

/* -- Checkpoint ------------------------------------------------------------- */

/* A reset copies back the blocks that were in use below `scratch`. What lies behind, the IR and snapshot buffers among it, reads
** as zero after a reset. Blocks freed while the state was set up are never used again.
*/
typedef struct ThExtent {
  char *at;
  const char *copy;
  size_t size;
} ThExtent;

#define TH_MAX_EXTENTS 512

static struct {
  char *copy;
  uint8_t *shadow;
  uint64_t scratch, mc_low, size;
  uint32_t nextents;
  ThExtent extent[TH_MAX_EXTENTS];
  uint8_t heap[sizeof th_heap];
} th_check;

/* One byte for each 16 bytes of the heap: is it free? */
TH_UNCHECKED static uint8_t *th_free_map(uint64_t base, size_t size)
{
  uint8_t *map = calloc(1, size/16 + 1);
  unsigned class;
  void *p;
  for (class = 0; map && class < TH_CLASSES; class++)
    for (p = th_heap.freed[class]; p; p = *(void **)p)
      memset(map + ((uint64_t)p - base)/16, 1, th_class_size(class)/16);
  return map;
}

static int th_add_extent(char *at, size_t size, size_t *used)
{
  ThExtent *e = &th_check.extent[th_check.nextents];
  if (th_check.nextents == TH_MAX_EXTENTS) return 0;
  e->at = at;
  e->size = size;
  e->copy = th_check.copy + *used;
  *used += size;
  th_check.nextents++;
  return 1;
}

static int th_find_extents(const uint8_t *map, char *base, size_t units)
{
  size_t from = 0, to, used = 0;
  th_check.nextents = 0;
  while (from < units) {
    for (; from < units && map[from]; from++) ;
    for (to = from; to < units && !map[to]; to++) ;
    if (to > from && !th_add_extent(base + 16*from, 16*(to - from), &used)) return 0;
    from = to;
  }
  th_check.size = used;
  return 1;
}

/* Which blocks a reset copies back. The freed ones are forgotten: all later ones lie behind the checkpoint. Returns where. */
static uint64_t th_checkpoint_take(void)
{
  char *base = (char *)th_heap_start();
  size_t size = th_heap.top - th_heap_start();
  uint8_t *map = th_free_map(th_heap_start(), size);
  int ok;
  th_check.copy = malloc(size);
  ok = map && th_check.copy && th_find_extents(map, base, size/16);
  free(map);
  if (!ok) return 0;
  memset(th_heap.freed, 0, sizeof th_heap.freed);
  th_check.scratch = th_heap.top = (th_heap.top + 63) & ~(uint64_t)63;
  th_check.mc_low = th_mc_low;
  return th_check.scratch;
}

/* The copies of these blocks, as they are now. */
static int th_checkpoint_copy(void)
{
  uint64_t start = th_heap_start(), size = th_heap.top - start;
  uint32_t n;
  if (!(th_check.shadow = malloc(TH_SHADOW_SIZE(size) + 1))) return 0;
  th_shadow_get(th_check.shadow, start, size);
  th_show(start, size);
  for (n = 0; n < th_check.nextents; n++)
    memcpy((char *)th_check.extent[n].copy, th_check.extent[n].at, th_check.extent[n].size);
  memcpy(th_check.heap, &th_heap, sizeof th_heap);
  th_shadow_put(start, size, th_check.shadow);
  return 1;
}

/* A wild branch must not find the code of an earlier trace: the words become zero, `udf #0`. */
static void th_code_clear(void)
{
  uint64_t top = th_layout.base + th_layout.mcode_ofs + th_layout.mcode_size;
  uint64_t first = th_check.mc_low + sizeof(MCLink);  /* The area of the checkpoint keeps its header. */
  uint64_t low = th_code_low - TH_CODE_SLACK;
  if (low < first) {
    memset((void *)th_mc_low, 0, th_check.mc_low - th_mc_low);
    low = first;
  }
  if (low < top) memset((void *)low, 0, top - low);
  th_code_low = top + TH_CODE_SLACK;
}

static void th_checkpoint_restore(void)
{
  const ThExtent *e = th_check.extent, *end = e + th_check.nextents;
  uint64_t start = th_heap_start(), used = th_heap.top - start;
  th_code_clear();
  th_show(start, used);
  memset((void *)th_check.scratch, 0, th_heap.top - th_check.scratch);
  memset((void *)th_area.base, 0, th_area.top - th_area.base);
  th_area.top = th_area.base;
  th_area.place = 0;
  for (; e < end; e++) memcpy(e->at, e->copy, e->size);
  memcpy(&th_heap, th_check.heap, sizeof th_heap);
  th_hide(start, used);
  th_shadow_put(start, th_heap.top - start, th_check.shadow);
  th_mc_low = th_check.mc_low;
}

/* Pages nobody told us about (a wild store of the guest) go back to zero as well. */
static void th_zero(uint64_t from, uint64_t to)
{
  if (from < to) madvise((void *)from, to - from, MADV_DONTNEED);
}

static void th_arena_zero(void)
{
  uint64_t base = th_layout.base, end = base + th_layout.total;
  uint64_t mcode = base + th_layout.mcode_ofs, mcode_end = mcode + th_layout.mcode_size;
  th_zero(base, mcode < end ? mcode : end);
  th_zero(mcode, th_check.mc_low);
  th_zero(mcode_end, end);
}
