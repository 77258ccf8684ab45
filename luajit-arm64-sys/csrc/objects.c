/* Making objects with LuaJIT's own functions, each at the address the caller wants, and giving them their values. */

/* -- Placement -------------------------------------------------------------- */

/* The first block that work() allocates goes to addr; all constructors allocate the object itself first. */
static uint32_t th_make(const char *what, uint64_t addr, ThWork work, void *arg)
{
  uint32_t status;
  TH_WANT(TH_IDLE, what);
  if ((addr & 15) || addr < th_area.base + 16 || addr >= th_area.limit)
    return th_refuse("%s: %#llx is not a multiple of 16 inside of the object area", what, (unsigned long long)addr);
  th_area.place = addr;
  status = th_protect(work, arg);
  th_area.place = 0;
  return status;
}

/* What the caller asked for, and the object that was made. */
typedef struct ThNew {
  const void *data;
  uint64_t size, at;
  uint32_t a, b;
} ThNew;

static uint32_t th_made_at(const char *what, uint64_t addr, const ThNew *n)
{
  return n->at == addr ? TH_OK : th_refuse("%s: made at %#llx instead", what, (unsigned long long)n->at);
}

/* -- Strings ---------------------------------------------------------------- */

static void th_str_work(void *arg)
{
  ThNew *n = (ThNew *)arg;
  n->at = (uint64_t)lj_str_new(th_L, (const char *)n->data, n->size);
}

/* Strings are unique: one that is there already is elsewhere. */
static uint32_t api_str(uint64_t addr, const char *bytes, uint64_t len, uint64_t *at)
{
  ThNew n = { bytes, len, 0, 0, 0 };
  uint32_t status = th_make("string", addr, th_str_work, &n);
  *at = n.at;
  return status;
}

/* -- Tables ----------------------------------------------------------------- */

static void th_tab_work(void *arg)
{
  ThNew *n = (ThNew *)arg;
  n->at = (uint64_t)lj_tab_new(th_L, n->a, n->b);
}

static uint32_t api_tab(uint64_t addr, uint32_t asize, uint32_t hbits)
{
  ThNew n = { NULL, 0, 0, asize, hbits };
  uint32_t status = th_make("table", addr, th_tab_work, &n);
  return status ? status : th_made_at("table", addr, &n);
}

typedef struct ThSet { GCtab *tab; TValue key; uint64_t value; } ThSet;

static void th_set_work(void *arg)
{
  ThSet *s = (ThSet *)arg;
  lj_tab_set(th_L, s->tab, &s->key)->u64 = s->value;
}

static uint32_t th_check_tab(uint64_t tab)
{
  struct th_object t;
  return th_look_for(tab, TH_KIND_TAB, &t) ? TH_OK : th_no_object("table", tab);
}

static uint32_t api_tab_set(uint64_t tab, uint64_t key, uint64_t value)
{
  ThSet s = { (GCtab *)tab, { key }, value };
  uint32_t status;
  TH_WANT(TH_IDLE, "table");
  if ((status = th_check_tab(tab))) return status;
  if (!th_is_key(key)) return th_refuse("table: %#llx is no key", (unsigned long long)key);
  return th_protect(th_set_work, &s);
}

static uint32_t api_meta(uint64_t obj, uint64_t meta)
{
  struct th_object o;
  uint32_t status;
  TH_WANT(TH_IDLE, "metatable");
  if (meta && (status = th_check_tab(meta))) return status;
  if (!th_look(obj, &o) || (o.kind != TH_KIND_TAB && o.kind != TH_KIND_UDATA)) return th_no_object("table or userdata", obj);
  if (o.kind == TH_KIND_TAB)
    setgcrefp(((GCtab *)obj)->metatable, (void *)meta);
  else
    setgcrefp(((GCudata *)obj)->metatable, (void *)meta);
  return TH_OK;
}

/* -- Functions -------------------------------------------------------------- */

/* Prototypes by their number of upvalues, made when first wanted. */
static GCproto *th_protos[LJ_MAX_UPVAL+1];

static char *th_names(char *p, uint32_t n)
{
  uint32_t i;
  for (i = 0; i < n; i++) p += sprintf(p, "%sv%u", i ? "," : "", i);
  return p;
}

/* A function that returns a function that uses n of its variables. */
static size_t th_func_source(char *start, uint32_t n)
{
  char *p = start;
  if (n) p = stpcpy(th_names(stpcpy(p, "local "), n), " ");
  p = stpcpy(p, "return function() return ");
  return (size_t)(stpcpy(th_names(p, n), " end") - start);
}

static GCproto *th_inner_proto(GCproto *pt)
{
  ptrdiff_t i;
  for (i = -(ptrdiff_t)pt->sizekgc; i < 0; i++)
    if (proto_kgc(pt, i)->gch.gct == (uint8_t)~LJ_TPROTO) return &proto_kgc(pt, i)->pt;
  return NULL;
}

static GCproto *th_proto_with(uint32_t n)
{
  char source[LJ_MAX_UPVAL*10 + 64];
  uint64_t place = th_area.place;
  if (!th_protos[n]) {
    th_area.place = 0;
    if (luaL_loadbuffer(th_L, source, th_func_source(source, n), "=func")) lj_err_throw(th_L, LUA_ERRRUN);
    th_protos[n] = th_inner_proto(funcproto(funcV(th_L->top - 1)));
    th_area.place = place;
  }
  return th_protos[n];
}

/* All functions that have a slot open share one upvalue. */
static void th_open_upvalue(GCfuncL *fn, uint32_t idx, uint32_t slot)
{
  GCupval *uv = func_finduv(th_L, th_L->base + slot - 1 - LJ_FR2);
  uv->immutable = 0;
  uv->dhash = (uint32_t)(uint64_t)th_pt ^ (slot << 24);
  setgcref(fn->uvptr[idx], obj2gco(uv));
}

static void th_func_work(void *arg)
{
  ThNew *n = (ThNew *)arg;
  const struct th_newup *up = (const struct th_newup *)n->data;
  GCfuncL *fn = &lj_func_newL_empty(th_L, th_proto_with(n->a), tabref(th_L->env))->l;
  uint32_t i;
  n->at = (uint64_t)fn;
  for (i = 0; i < n->a; i++)
    if (up[i].open)
      th_open_upvalue(fn, i, (uint32_t)up[i].value);
    else
      (&gcref(fn->uvptr[i])->uv)->tv.u64 = up[i].value;
}

static uint32_t api_func(uint64_t addr, const struct th_newup *up, uint32_t nup)
{
  ThNew n = { up, 0, 0, nup, 0 };
  uint32_t i, status;
  if (nup > LJ_MAX_UPVAL) return th_refuse("function: %u upvalues are too many", nup);
  for (i = 0; i < nup; i++)
    if (up[i].open && (up[i].value < 1 + LJ_FR2 || up[i].value >= TH_MAX_SLOT))
      return th_refuse("function: there is no slot %llu to be upvalue %u", (unsigned long long)up[i].value, i);
  status = th_make("function", addr, th_func_work, &n);
  return status ? status : th_made_at("function", addr, &n);
}

/* -- Userdata --------------------------------------------------------------- */

static void th_udata_work(void *arg)
{
  ThNew *n = (ThNew *)arg;
  GCudata *ud = lj_udata_new(th_L, n->a, tabref(th_L->env));
  memset(ud + 1, 0, n->a);
  n->at = (uint64_t)ud;
}

static uint32_t api_udata(uint64_t addr, uint32_t size)
{
  ThNew n = { NULL, 0, 0, size, 0 };
  uint32_t status = th_make("userdata", addr, th_udata_work, &n);
  return status ? status : th_made_at("userdata", addr, &n);
}

/* -- C data ----------------------------------------------------------------- */

typedef struct ThCtype { const char *name; struct th_ctype *out; } ThCtype;

static void th_ctype_work(void *arg)
{
  ThCtype *c = (ThCtype *)arg;
  CPState cp;
  CTSize size;
  CTInfo info;
  int code;
  memset(&cp, 0, sizeof cp);
  cp.L = th_L;
  cp.cts = ctype_cts(th_L);
  cp.srcname = cp.p = c->name;
  cp.mode = CPARSE_MODE_ABSTRACT|CPARSE_MODE_NOIMPLICIT;
  if ((code = lj_cparse(&cp))) lj_err_throw(th_L, code);
  info = lj_ctype_info(cp.cts, cp.val.id, &size);
  c->out->id = cp.val.id;
  c->out->vla = size == CTSIZE_INVALID || ctype_isvltype(info);
  c->out->size = ctype_isvltype(info) ? lj_ctype_vlsize(cp.cts, ctype_raw(cp.cts, cp.val.id), 0) : size;
  c->out->align = 1u << ctype_align(info);
}

/* A C type by its name, as ffi.typeof() takes it. Each "struct {}" is a new type. */
static uint32_t api_ctype(const char *name, struct th_ctype *out)
{
  ThCtype c = { name, out };
  TH_WANT(TH_IDLE, "C type");
  return th_protect(th_ctype_work, &c);
}

/* lj_cdata_newx(), but the size is the caller's for types without one of their own. */
static void th_cdata_work(void *arg)
{
  ThNew *n = (ThNew *)arg;
  CTSize size;
  CTInfo info = lj_ctype_info(ctype_cts(th_L), n->a, &size);
  GCcdata *cd;
  if (!ctype_isvltype(info) && size != n->b) return;
  if (ctype_isvltype(info) || ctype_align(info) > CT_MEMALIGN) {
    /* The block starts with a header in front of the object. */
    th_area.place -= sizeof(GCcdataVar);
    cd = lj_cdata_newv(th_L, n->a, n->b, ctype_align(info));
  } else {
    cd = lj_cdata_new_(th_L, n->a, n->b);
  }
  memset(cd + 1, 0, n->b);
  n->at = (uint64_t)cd;
}

static uint32_t api_cdata(uint64_t addr, uint32_t id, uint32_t size)
{
  ThNew n = { NULL, 0, 0, id, size };
  uint32_t status;
  TH_WANT(TH_IDLE, "C data");
  if (id >= ctype_ctsG(G(th_L))->top) return th_refuse("C data: there is no C type %u", id);
  if ((status = th_make("C data", addr, th_cdata_work, &n))) return status;
  if (!n.at) return th_refuse("C data: %u bytes are not the size of type %u", size, id);
  return th_made_at("C data", addr, &n);
}

/* -- Colors ----------------------------------------------------------------- */

static void th_paint(GCobj *o, uint32_t color)
{
  uint8_t bits = color == TH_WHITE ? curwhite(G(th_L)) : color == TH_BLACK ? LJ_GC_BLACK : 0;
  o->gch.marked = (uint8_t)((o->gch.marked & ~LJ_GC_COLORS) | bits);
}

/* A function's closed upvalues get its color: barriers look at them. */
static uint32_t api_color(uint64_t obj, uint32_t color)
{
  struct th_object o;
  GCupval *uv;
  uint32_t i;
  TH_WANT(TH_IDLE, "color");
  if (color > TH_BLACK) return th_refuse("color: there is no color %u", color);
  if (!th_look(obj, &o)) return th_no_object("object", obj);
  th_paint((GCobj *)obj, color);
  for (i = 0; o.kind == TH_KIND_FUNC && i < o.size; i++)
    if ((uv = th_upvalue_of(obj, i)) && uv->closed) th_paint(obj2gco(uv), color);
  return TH_OK;
}

/* -- Values ----------------------------------------------------------------- */

/* Keys must be there already: giving values moves nothing. */
static uint32_t api_tab_write(uint64_t tab, const uint64_t *array, uint32_t narray, const struct th_pair *pair, uint32_t npair)
{
  struct th_object t;
  uint32_t n;
  TH_WANT(TH_IDLE, "table");
  if (!th_look_for(tab, TH_KIND_TAB, &t)) return th_no_object("table", tab);
  if (narray > t.size) return th_refuse("table: %u values for an array of %llu", narray, (unsigned long long)t.size);
  memcpy((void *)t.data, array, 8*(size_t)narray);
  for (n = 0; n < npair; n++) {
    TValue key = { pair[n].key };
    TValue *slot;
    if (!th_is_key(key.u64)) return th_refuse("table: %#llx is no key", (unsigned long long)key.u64);
    slot = (TValue *)lj_tab_get(th_L, (GCtab *)tab, &key);
    if (slot == &G(th_L)->nilnode.val) return th_refuse("table: key %#llx is not in it", (unsigned long long)key.u64);
    slot->u64 = pair[n].value;
  }
  return TH_OK;
}

/* Open upvalues are slots: they get their values as such. */
static uint32_t api_func_write(uint64_t func, const uint64_t *word, uint32_t nword)
{
  uint32_t n;
  TH_WANT(TH_IDLE, "function");
  for (n = 0; n < nword; n++) {
    GCupval *uv = th_upvalue_of(func, n);
    if (!uv) return th_no_object("upvalue", func);
    if (uv->closed) uvval(uv)->u64 = word[n];
  }
  return TH_OK;
}

/* pending: the next check of a trace finds the collector due. */
static uint32_t api_gc(uint32_t pending, uint32_t state, uint32_t profile)
{
  static const uint8_t map[] = { GCSpause, GCSpropagate, GCSsweep };
  global_State *g;
  TH_WANT(TH_IDLE, "collector");
  if (state >= sizeof map) return th_refuse("collector: there is no state %u", state);
  g = G(th_L);
  g->gc.threshold = pending ? 0 : LJ_MAX_MEM;
  g->gc.state = map[state];
  g->hookmask = (uint8_t)(profile ? g->hookmask | HOOK_PROFILE : g->hookmask & ~HOOK_PROFILE);
  return TH_OK;
}
