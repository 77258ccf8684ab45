/* lj_vm.S in C: protected calls by setjmp, arithmetic by the rules of ARM64, and a trap for everything else. */

/* A C frame as err_unwind() expects it, then where to go when it is unwound. `outer` is the caller's frame: lj_snap_restore()
** stores a pc into it.
*/
typedef struct ThFrame {
  char cframe[CFRAME_SIZE];
  jmp_buf jb;
  char outer[CFRAME_SIZE];
} __attribute__((aligned(16))) ThFrame;
_Static_assert(offsetof(ThFrame, jb) == CFRAME_SIZE, "jmp_buf directly behind the C frame");

#define TH_CF(cf, ofs, type) (*(type *)((char *)(cf) + (ofs)))

static void th_frame_push(ThFrame *f, lua_State *L)
{
  TH_CF(f->cframe, CFRAME_OFS_ERRF, int32_t) = 0;
  TH_CF(f->cframe, CFRAME_OFS_NRES, int32_t) = -(int32_t)savestack(L, L->top);
  TH_CF(f->cframe, CFRAME_OFS_PREV, void *) = f->outer;
  TH_CF(f->cframe, CFRAME_OFS_PC, void *) = L;   /* Not a Lua frame. */
  TH_CF(f->cframe, CFRAME_OFS_L, lua_State *) = L;
  TH_CF(f->cframe, CFRAME_OFS_MULTRES, int32_t) = 0;
  TH_CF(f->outer, CFRAME_OFS_PREV, void *) = L->cframe;
  TH_CF(f->outer, CFRAME_OFS_NRES, int32_t) = 0;
  L->cframe = f->cframe;
  setgcref(G(L)->cur_L, obj2gco(L));
}

int lj_vm_cpcall(lua_State *L, lua_CFunction func, void *ud, lua_CPFunction cp)
{
  ThFrame f;
  void *cframe = L->cframe;
  int code;
  th_frame_push(&f, L);
  code = setjmp(f.jb);
  if (code == 0 && cp(L, func, ud)) th_unexpected("lj_vm_cpcall's continuation");
  L->cframe = cframe;
  return code;
}

LJ_NORET void LJ_FASTCALL lj_vm_unwind_c(void *cframe, int errcode)
{
  th_remember_ref();
  longjmp(*(jmp_buf *)((char *)cframe + CFRAME_SIZE), errcode);
}

LJ_NORET void LJ_FASTCALL lj_vm_unwind_ff(void *cframe)
{
  (void)cframe;
  th_unexpected("lj_vm_unwind_ff");
}

#ifdef lj_assert_check
static LJ_NORET void lj_assert_fail(global_State *g, const char *file, int line, const char *func, const char *fmt, ...)
{
  va_list args;
  int n = snprintf(th_text, sizeof th_text, "%s:%d: %s: ", file, line, func);
  (void)g;
  va_start(args, fmt);
  vsnprintf(th_text + n, sizeof th_text - (size_t)n, fmt, args);
  va_end(args);
  th_escape(TH_JMP_ASSERT);
}
#endif

/* -- Arithmetic ------------------------------------------------------------- */

/* Floored modulus; the divisor is not 0. INT_MIN % -1 is no trap in 64 bits. */
int32_t LJ_FASTCALL lj_vm_modi(int32_t a, int32_t b)
{
  int64_t rest = (int64_t)a % b;
  if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
  return (int32_t)rest;
}

/* The declarations of the next ones differ between releases: they meet their users at link time. */
int64_t th_num2i64(double x) __asm__("lj_vm_num2i64");
uint64_t th_num2u64(double x) __asm__("lj_vm_num2u64");
int64_t th_num2int_check(double x) __asm__("lj_vm_num2int_check");
int32_t th_tobit(double x) __asm__("lj_vm_tobit");

/* fcvtzs and fcvtzu saturate and turn NaN into 0; a C cast does not promise either. */
int64_t th_num2i64(double x)
{
  if (x != x) return 0;
  if (x >= 0x1p63) return INT64_MAX;
  if (x < -0x1p63) return INT64_MIN;
  return (int64_t)x;
}

uint64_t th_num2u64(double x)
{
  if (x != x) return 0;
  if (x < 0x1p63) return (uint64_t)th_num2i64(x);
  if (x >= 0x1p64) return UINT64_MAX;
  return (uint64_t)x;
}

int64_t th_num2int_check(double x)
{
  if (x >= -0x1p31 && x < 0x1p31 && (double)(int32_t)x == x) return (int64_t)(uint32_t)(int32_t)x;
  return (int64_t)0x8000000080000000ull;
}

int32_t th_tobit(double x)
{
  union { double d; uint32_t w[2]; } biased;
  biased.d = x + 6755399441055744.0;  /* 2^52 + 2^51 */
  return (int32_t)biased.w[0];
}

/* -- Labels that only lend their address, and stop the call if someone jumps there -- */

#define TH_LABEL(name) \
  __asm__(".text\n" #name ":\n\tleaq 1f(%rip), %rdi\n\tandq $-16, %rsp\n\tcall th_unexpected\n1:\t.asciz \"" #name "\"\n");

TH_LABEL(lj_vm_call) TH_LABEL(lj_vm_pcall) TH_LABEL(lj_vm_resume)
TH_LABEL(lj_cont_cat) TH_LABEL(lj_cont_condf) TH_LABEL(lj_cont_condt) TH_LABEL(lj_cont_hook) TH_LABEL(lj_cont_nop)
TH_LABEL(lj_cont_ra) TH_LABEL(lj_cont_stitch)
TH_LABEL(lj_vm_callhook) TH_LABEL(lj_vm_ffi_call) TH_LABEL(lj_vm_ffi_callback) TH_LABEL(lj_vm_inshook)
TH_LABEL(lj_vm_profhook) TH_LABEL(lj_vm_record) TH_LABEL(lj_vm_rethook)
TH_LABEL(lj_vm_IITERN) TH_LABEL(lj_vm_next)

/* Bytecode handlers are offsets from here, below 64 KB. */
__asm__(".text\nlj_vm_asm_begin:\n\t.fill 65536, 1, 0xcc\n");
