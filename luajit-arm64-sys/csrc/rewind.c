/* Running one trace on several inputs: all that LuaJIT knows, as it was at one moment, can be brought back by a copy. Machine
** code is not part of it: it does not change while it runs.
*/

static struct {
  char *copy;
  size_t room;
  size_t heap_size, area_size;      /* 0: there is no checkpoint. */
  GCproto *protos[LJ_MAX_UPVAL+1];
  TraceNo last;
  uint8_t heap[sizeof th_heap];
} th_mark;

static void th_objects_reset(void)
{
  memset(th_protos, 0, sizeof th_protos);
  th_mark.heap_size = 0;
}

static void th_objects_fini(void)
{
  th_objects_reset();
  free(th_mark.copy);
  memset(&th_mark, 0, sizeof th_mark);
}

static int th_mark_reserve(size_t size)
{
  char *p;
  if (size <= th_mark.room) return 1;
  if (!(p = realloc(th_mark.copy, size))) return 0;
  th_mark.copy = p;
  th_mark.room = size;
  return 1;
}

/* Behind both copies. */
static uint8_t *th_mark_shadow(size_t heap, size_t area)
{
  return (uint8_t *)th_mark.copy + heap + area;
}

static uint32_t api_checkpoint(void)
{
  size_t heap = th_heap.top - th_heap_start(), area = th_area.top - th_area.base;
  TH_WANT(TH_IDLE, "checkpoint");
  if (!th_mark_reserve(heap + area + TH_SHADOW_SIZE(heap))) return th_fail(TH_OUT_OF_ARENA, "no host memory for the checkpoint");
  th_shadow_get(th_mark_shadow(heap, area), th_heap_start(), heap);
  th_show(th_heap_start(), heap);
  memcpy(th_mark.copy, (void *)th_heap_start(), heap);
  th_shadow_put(th_heap_start(), heap, th_mark_shadow(heap, area));
  memcpy(th_mark.copy + heap, (void *)th_area.base, area);
  memcpy(th_mark.heap, &th_heap, sizeof th_heap);
  memcpy(th_mark.protos, th_protos, sizeof th_protos);
  th_mark.heap_size = heap;
  th_mark.area_size = area;
  th_mark.last = th_last;
  return TH_OK;
}

/* Copy back what was in use, and zero what was used since: whatever is allocated next has the same contents each time. */
static void th_bring_back(uint64_t base, uint64_t top, const char *copy, size_t size)
{
  memcpy((void *)base, copy, size);
  if (top > base + size) memset((void *)(base + size), 0, top - (base + size));
}

static uint32_t api_rewind(void)
{
  uint64_t start = th_heap_start(), used = th_heap.top - start;
  if (th_phase == TH_DOWN) return th_want(TH_IDLE, "rewind");
  if (!th_mark.heap_size) return th_refuse("rewind: there is no checkpoint");
  th_show(start, used);
  th_bring_back(start, th_heap.top, th_mark.copy, th_mark.heap_size);
  th_hide(start, used);
  th_shadow_put(start, th_mark.heap_size, th_mark_shadow(th_mark.heap_size, th_mark.area_size));
  th_bring_back(th_area.base, th_area.top, th_mark.copy + th_mark.heap_size, th_mark.area_size);
  memcpy(&th_heap, th_mark.heap, sizeof th_heap);
  memcpy(th_protos, th_mark.protos, sizeof th_protos);
  th_area.top = th_area.base + th_mark.area_size;
  th_last = th_mark.last;
  th_phase = TH_IDLE;
  return TH_OK;
}
