/* Line counters, in builds with gcc's --coverage. */

#ifdef TH_COVERAGE

void __gcov_dump(void);
void __gcov_reset(void);

/* The folder of the dump that is going on, or NULL. */
static const char *th_gcov_folder;

/* libgcov would write when the process ends, to the folder of the build, which is gone. The linker wraps its function. */
__attribute__((used, visibility("hidden"))) void __wrap___gcov_exit(void)
{
}

/* libgcov asks the environment where to write. Linked with this library it finds this first, so no variable of the process has to
** change.
*/
char *th_gcov_getenv(const char *name) __asm__("getenv") __attribute__((used, visibility("hidden")));

char *th_gcov_getenv(const char *name)
{
  if (!strcmp(name, "GCOV_PREFIX")) return (char *)th_gcov_folder;
  if (!strcmp(name, "GCOV_PREFIX_STRIP")) return (char *)"999";
  return NULL;
}

static uint32_t api_coverage(const char *folder)
{
  th_gcov_folder = folder;
  __gcov_dump();
  __gcov_reset();
  th_gcov_folder = NULL;
  return TH_OK;
}

#else

static uint32_t api_coverage(const char *folder)
{
  (void)folder;
  return th_refuse("coverage: this build counts no lines: make one of the variant `coverage`");
}

#endif
