/* The whole shim, and a mistake that is asked for by name: each touches memory next to what LuaJIT owns. */
#include "shim.c"

#define MB (1u << 20)

static const struct th_layout layout = {
  0x200000000000, 32*MB, 0, 16*MB, MB, 48*MB, 8*MB, 64*MB, 65*MB, 66*MB, MB, 68*MB, MB, 70*MB
};

static char *just_behind(const char *what)
{
  if (!strcmp(what, "ir")) return (char *)(th_J->irbuf + th_J->irtoplim);
  if (!strcmp(what, "snapshots")) return (char *)(th_J->snapmapbuf + th_J->sizesnapmap);
  if (!strcmp(what, "heap")) return (char *)th_heap.top;
  if (!strcmp(what, "freed")) {
    char *p = lj_mem_new(th_L, 100);
    lj_mem_free(G(th_L), p, 100);
    return p;
  }
  return NULL;
}

/* Once more after resets and a rewind, which copy memory that is hidden. */
static void use_it(void)
{
  int n;
  for (n = 0; n < 3; n++) {
    api_reset();
    if (api_checkpoint() != TH_OK || api_begin(0) != TH_OK || api_rewind() != TH_OK) exit(2);
  }
}

int main(int argc, char **argv)
{
  char *at;
  if (api_init(&layout) != TH_OK) return 2;
  use_it();
  if (argc > 1 && (at = just_behind(argv[1]))) *(volatile char *)at = 1;
  api_fini();
  return 0;
}
