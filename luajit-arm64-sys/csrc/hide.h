/* AddressSanitizer, where it is compiled in, sees the arena's heap as it sees malloc's: memory that belongs to no block must not be touched. */

#if defined(__SANITIZE_ADDRESS__)
#define TH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TH_ASAN 1
#endif
#endif

#ifdef TH_ASAN

void __asan_poison_memory_region(void const volatile *p, size_t size);
void __asan_unpoison_memory_region(void const volatile *p, size_t size);
void __asan_get_shadow_mapping(size_t *scale, size_t *offset);

/* Behind each block, so that what runs over its end meets no other one. */
#define TH_GAP 16
#define TH_UNCHECKED __attribute__((no_sanitize("address")))

static void th_hide(uint64_t at, uint64_t size) { __asan_poison_memory_region((void *)at, size); }
static void th_show(uint64_t at, uint64_t size) { __asan_unpoison_memory_region((void *)at, size); }

/* What is hidden in part of the arena: a byte for 8 of its bytes. `at` and `size` are multiples of 16. */
#define TH_SHADOW_SIZE(size) ((size) >> 3)

/* memcpy() would ask whether the shadow may be touched. */
TH_UNCHECKED static void th_shadow_copy(uint8_t *to, const uint8_t *from, size_t size)
{
  for (; size; size--) {
    *to++ = *from++;
    __asm__ volatile("" ::: "memory");
  }
}

static uint8_t *th_shadow_of(uint64_t at)
{
  size_t scale, offset;
  __asan_get_shadow_mapping(&scale, &offset);
  return (uint8_t *)((at >> scale) + offset);
}

static void th_shadow_get(uint8_t *copy, uint64_t at, uint64_t size)
{
  th_shadow_copy(copy, th_shadow_of(at), TH_SHADOW_SIZE(size));
}

static void th_shadow_put(uint64_t at, uint64_t size, const uint8_t *copy)
{
  th_shadow_copy(th_shadow_of(at), copy, TH_SHADOW_SIZE(size));
}

#else

#define TH_GAP 0
#define TH_UNCHECKED
#define TH_SHADOW_SIZE(size) 0
static inline void th_hide(uint64_t at, uint64_t size) { (void)at; (void)size; }
static inline void th_show(uint64_t at, uint64_t size) { (void)at; (void)size; }
static inline void th_shadow_get(uint8_t *copy, uint64_t at, uint64_t size) { (void)copy; (void)at; (void)size; }
static inline void th_shadow_put(uint64_t at, uint64_t size, const uint8_t *copy) { (void)at; (void)size; (void)copy; }

#endif
