/* The register allocator's dice, in builds that have some. */

/* splitmix64 */
__attribute__((unused)) static uint64_t th_mix(uint64_t *state)
{
  uint64_t z = *state += 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

static uint32_t api_ra_seed(uint64_t seed)
{
#ifdef LUAJIT_RANDOM_RA
  PRNGState *rs;
  size_t n;
  if (th_phase == TH_DOWN) return 0;
  rs = &J2G(th_J)->prng;
  /* The generator needs some high bit in each word. */
  for (n = 0; n < sizeof rs->u / sizeof rs->u[0]; n++) rs->u[n] = th_mix(&seed) | 1ull << 63;
  return 1;
#else
  (void)seed;
  return 0;
#endif
}
