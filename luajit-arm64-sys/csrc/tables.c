/* This release's numbers, by name: opcodes, types, C functions, fields, literals, errors. */

#define TH_SLICE(array) { array, sizeof array / sizeof array[0] }

static const struct th_op th_ops[] = {
#define TH_OP(name, m, m1, m2) \
  { #name, IRM##m1, IRM##m2, !!((IRM_##m) & IRM_C), ((IRM_##m) & IRM_S) >> 5, !!((IRM_##m) & IRM_W), \
    (uint8_t)(((IRM##m1)|((IRM##m2)<<2)|(IRM_##m))^IRM_W), { 0, 0 } },
  IRDEF(TH_OP)
};

static const struct th_type th_types[] = {
#define TH_TYPE(name, size) { #name, size },
  IRTDEF(TH_TYPE)
};

#define TH_CALLFLAGS(f) \
  (((f) & CCI_L ? TH_CALL_L : 0) | ((f) & CCI_CASTU64 ? TH_CALL_CASTU64 : 0) | \
   ((f) & CCI_NOFPRCLOBBER ? TH_CALL_NOFPRCLOBBER : 0) | ((f) & CCI_VARARG ? TH_CALL_VARARG : 0) | \
   (((f) & CCI_CC_MASK) == CCI_CC_FASTCALL ? TH_CALL_FASTCALL : 0) | \
   (((f) >> CCI_OTSHIFT) & IRT_GUARD ? TH_CALL_THROWS : 0))
#ifndef CCI_OTSHIFT
#define CCI_OTSHIFT 16
#endif

static const struct th_call th_calls[] = {
#define TH_CALL(cond, name, nargs, kind, type, flags) \
  { #name, (const void *)IRCALLCOND_##cond(name), nargs, IRT_##type, (uint8_t)((uint32_t)(CCI_CALL_##kind) >> CCI_OPSHIFT), 0, \
    TH_CALLFLAGS((CCI_CALL_##kind)|(flags)) },
  IRCALLDEF(TH_CALL)
};

static const struct th_value th_fpmath[] = {
#define TH_FPM(name) { #name, IRFPM_##name },
  IRFPMDEF(TH_FPM)
};

static const struct th_value th_fields[] = {
#define TH_FIELD(name, ofs) { #name, ofs },
  IRFLDEF(TH_FIELD)
};

#define TH_VALUE(name) { #name, (int64_t)(name) },
static const struct th_value th_values[] = {
  TH_VALUE(REF_BIAS) TH_VALUE(REF_TRUE) TH_VALUE(REF_FALSE) TH_VALUE(REF_NIL) TH_VALUE(REF_BASE) TH_VALUE(REF_FIRST)
  TH_VALUE(REF_DROP)
  TH_VALUE(IRT_PTR) TH_VALUE(IRT_PGC) TH_VALUE(IRT_INTP) TH_VALUE(IRT_UINTP)
  TH_VALUE(IRT_MARK) TH_VALUE(IRT_ISPHI) TH_VALUE(IRT_GUARD) TH_VALUE(IRT_TYPE)
  TH_VALUE(IRSLOAD_PARENT) TH_VALUE(IRSLOAD_FRAME) TH_VALUE(IRSLOAD_TYPECHECK) TH_VALUE(IRSLOAD_CONVERT)
  TH_VALUE(IRSLOAD_READONLY) TH_VALUE(IRSLOAD_INHERIT)
#ifdef IRSLOAD_KEYINDEX
  TH_VALUE(IRSLOAD_KEYINDEX)
#endif
  TH_VALUE(IRXLOAD_READONLY) TH_VALUE(IRXLOAD_VOLATILE) TH_VALUE(IRXLOAD_UNALIGNED)
  TH_VALUE(IRCONV_SRCMASK) TH_VALUE(IRCONV_DSTMASK) TH_VALUE(IRCONV_DSH) TH_VALUE(IRCONV_SEXT)
#ifdef IRCONV_TRUNC
  TH_VALUE(IRCONV_TRUNC)
#endif
#ifdef IRCONV_NONE
  TH_VALUE(IRCONV_NONE)
#endif
  TH_VALUE(IRCONV_CSH) TH_VALUE(IRCONV_TOBIT) TH_VALUE(IRCONV_ANY) TH_VALUE(IRCONV_INDEX) TH_VALUE(IRCONV_CHECK)
  TH_VALUE(IRTOSTR_INT) TH_VALUE(IRTOSTR_NUM) TH_VALUE(IRTOSTR_CHAR)
  TH_VALUE(IRBUFHDR_RESET) TH_VALUE(IRBUFHDR_APPEND)
#ifdef IRBUFHDR_WRITE
  TH_VALUE(IRBUFHDR_WRITE)
#endif
#ifdef IRTMPREF_IN1
  TH_VALUE(IRTMPREF_IN1) TH_VALUE(IRTMPREF_OUT1) TH_VALUE(IRTMPREF_OUT2)
#endif
  TH_VALUE(LJ_TISNUM) TH_VALUE(LJ_TNIL) TH_VALUE(LJ_TFALSE) TH_VALUE(LJ_TTRUE) TH_VALUE(LJ_TLIGHTUD) TH_VALUE(LJ_TSTR)
  TH_VALUE(LJ_TTHREAD) TH_VALUE(LJ_TPROTO) TH_VALUE(LJ_TFUNC) TH_VALUE(LJ_TCDATA) TH_VALUE(LJ_TTAB) TH_VALUE(LJ_TUDATA)
  TH_VALUE(SPS_FIXED) TH_VALUE(SPS_FIRST) TH_VALUE(RID_MAX) TH_VALUE(RID_SINK)
  TH_VALUE(IR__MAX) TH_VALUE(IRT__MAX) TH_VALUE(IRCALL__MAX) TH_VALUE(IRFL__MAX) TH_VALUE(IRFPM__MAX)
  TH_VALUE(LJ_MAX_JSLOTS) TH_VALUE(LJ_FR2) TH_VALUE(LJ_DUALNUM)
  { "sizeof(GG_State)", sizeof(GG_State) }, { "sizeof(jit_State)", sizeof(jit_State) },
  { "sizeof(GCtrace)", sizeof(GCtrace) }, { "sizeof(GCtab)", sizeof(GCtab) }, { "sizeof(GCstr)", sizeof(GCstr) },
  { "sizeof(GCudata)", sizeof(GCudata) }, { "sizeof(GCcdata)", sizeof(GCcdata) }, { "sizeof(Node)", sizeof(Node) },
};

#ifdef LUA_USE_ASSERT
#define TH_ASSERTS 1
#else
#define TH_ASSERTS 0
#endif
#ifdef LUAJIT_RANDOM_RA
#define TH_RANDOM 1
#else
#define TH_RANDOM 0
#endif

static const struct th_tables th_tables = {
  TH_SLICE(th_ops), TH_SLICE(th_types), TH_SLICE(th_calls), TH_SLICE(th_fpmath), TH_SLICE(th_fields),
  TH_SLICE(th_values), TH_SLICE(th_traceerrs), LUAJIT_VERSION, TH_BUILD_INFO, TH_OPTS_KNOWN, TH_ASSERTS, TH_RANDOM,
  TH_MAX_SLOT, offsetof(ExitState, fpr), offsetof(ExitState, gpr), offsetof(ExitState, spill), sizeof(ExitState)
};

static const struct th_tables *api_tables(void)
{
  return &th_tables;
}
