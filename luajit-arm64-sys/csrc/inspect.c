/* Looking at objects. The code under test may have stored anything anywhere: nothing is followed before it was found to be inside
** of memory that is in use, and nothing here changes or throws.
*/

/* -- Addresses -------------------------------------------------------------- */

static int th_within(uint64_t addr, uint64_t size, uint64_t base, uint64_t top)
{
  return addr >= base && addr <= top && size <= top - addr;
}

/* Memory of objects: blocks of the heap, free ones too, and the object area as far as it was used. */
static int th_in_use(uint64_t addr, uint64_t size)
{
  return th_within(addr, size, th_layout.base, th_heap.top) || th_within(addr, size, th_area.base, th_area.top);
}

static int th_words_at(uint64_t addr, uint64_t size)
{
  return !(addr & 7) && th_in_use(addr, size);
}

/* GCobj and GChead are larger than some objects: no more of them may be there than this. */
#define TH_HEADER (offsetof(GChead, gct) + 1)

/* The object of that type at an address, or NULL. */
static GCobj *th_object_of(uint64_t addr, uint32_t type, uint64_t size)
{
  GCobj *o = (GCobj *)addr;
  if (!th_words_at(addr, TH_HEADER) || o->gch.gct != (uint8_t)~type) return NULL;
  return th_in_use(addr, size) ? o : NULL;
}

static uint32_t th_color_of(const GCobj *o)
{
  if (o->gch.marked & LJ_GC_WHITES) return TH_WHITE;
  return o->gch.marked & LJ_GC_BLACK ? TH_BLACK : TH_GRAY;
}

/* -- One kind after the other ----------------------------------------------- */

static int th_look_str(GCobj *o, struct th_object *out)
{
  out->kind = TH_KIND_STR;
  out->data = (uint64_t)o + sizeof(GCstr);
  if (!th_in_use((uint64_t)o, sizeof(GCstr))) return 0;
  out->size = ((GCstr *)o)->len;
  return th_in_use(out->data, out->size + 1);
}

static int th_look_tab(GCobj *o, struct th_object *out)
{
  GCtab *t = (GCtab *)o;
  if (!th_in_use((uint64_t)o, sizeof(GCtab))) return 0;
  out->kind = TH_KIND_TAB;
  out->meta = (uint64_t)gcref(t->metatable);
  out->detail = t->nomm;
  out->data = (uint64_t)mref(t->array, void);
  out->size = t->asize;
  out->nodes = (uint64_t)mref(t->node, void);
  out->nnodes = (uint64_t)t->hmask + 1;
  if (out->size && !th_words_at(out->data, 8*out->size)) return 0;
  if (out->nodes == (uint64_t)&G(th_L)->nilnode && out->nnodes == 1) {
    out->nnodes = 0;
    return 1;
  }
  return !(out->nnodes & (out->nnodes - 1)) && th_words_at(out->nodes, sizeof(Node)*out->nnodes);
}

/* Only Lua functions: C functions have values where Lua functions have upvalues. */
static int th_look_func(GCobj *o, struct th_object *out)
{
  GCfuncL *fn = (GCfuncL *)o;
  if (!th_in_use((uint64_t)o, offsetof(GCfuncL, uvptr))) return 0;
  if (fn->ffid != FF_LUA) return 1;
  out->kind = TH_KIND_FUNC;
  out->size = fn->nupvalues;
  return th_in_use((uint64_t)fn->uvptr, 8*out->size);
}

static int th_look_udata(GCobj *o, struct th_object *out)
{
  GCudata *ud = (GCudata *)o;
  if (!th_in_use((uint64_t)o, sizeof(GCudata))) return 0;
  out->kind = TH_KIND_UDATA;
  out->meta = (uint64_t)gcref(ud->metatable);
  out->detail = ud->udtype;
  out->data = (uint64_t)(ud + 1);
  out->size = ud->len;
  return th_in_use(out->data, out->size);
}

static int th_ctype_size(uint32_t id, uint64_t *size)
{
  CTState *cts = ctype_ctsG(G(th_L));
  CTSize sz;
  CType *ct;
  for (;;) {
    if (id >= cts->top) return 0;
    ct = &cts->tab[id];
    if (!ctype_isattrib(ct->info) && !ctype_isenum(ct->info)) break;
    id = ctype_cid(ct->info);
  }
  sz = ctype_hassize(ct->info) ? ct->size : CTSIZE_PTR;
  *size = sz;
  return sz != CTSIZE_INVALID;
}

static int th_look_cdata(GCobj *o, struct th_object *out)
{
  GCcdata *cd = (GCcdata *)o;
  if (!th_in_use((uint64_t)o, sizeof(GCcdata))) return 0;
  out->kind = TH_KIND_CDATA;
  out->detail = cd->ctypeid;
  out->data = (uint64_t)(cd + 1);
  if (cdataisv(cd)) {
    if (!th_in_use((uint64_t)cd - sizeof(GCcdataVar), sizeof(GCcdataVar))) return 0;
    out->size = cdatav(cd)->len;
  } else if (!th_ctype_size(cd->ctypeid, &out->size)) {
    return 0;
  }
  return th_in_use(out->data, out->size);
}

static int th_look(uint64_t addr, struct th_object *out)
{
  GCobj *o = (GCobj *)addr;
  memset(out, 0, sizeof *out);
  if (!th_words_at(addr, TH_HEADER)) return 0;
  out->color = th_color_of(o);
  out->detail = o->gch.gct;
  switch (~(uint32_t)o->gch.gct) {
  case LJ_TSTR: return th_look_str(o, out);
  case LJ_TTAB: return th_look_tab(o, out);
  case LJ_TFUNC: return th_look_func(o, out);
  case LJ_TUDATA: return th_look_udata(o, out);
  case LJ_TCDATA: return th_look_cdata(o, out);
  case LJ_TTHREAD: case LJ_TPROTO: case LJ_TTRACE: case LJ_TUPVAL: return 1;
  default: return 0;
  }
}

static int th_look_for(uint64_t addr, uint32_t kind, struct th_object *out)
{
  return th_look(addr, out) && out->kind == kind;
}

/* A tagged word that LuaJIT's functions may be given: what it refers to is there, and of its type. */
static int th_is_value(uint64_t word)
{
  struct th_object obj;
  TValue tv;
  tv.u64 = word;
  if (!tvisgcv(&tv)) return 1;
  return th_look((uint64_t)gcval(&tv), &obj) && ~(uint32_t)gcval(&tv)->gch.gct == itype(&tv);
}

static int th_is_key(uint64_t word)
{
  TValue tv;
  tv.u64 = word;
  return !tvisnil(&tv) && !(tvisnum(&tv) && tvisnan(&tv)) && th_is_value(word);
}

/* A chain ends before it has visited each node of its table. */
static int th_is_chain(const struct th_object *t, const struct th_node *node)
{
  uint64_t n, ofs;
  for (n = 0; node->next; n++) {
    ofs = node->next - t->nodes;
    if (n == t->nnodes || ofs >= sizeof(Node)*t->nnodes || ofs % sizeof(Node)) return 0;
    node = (const struct th_node *)node->next;
  }
  return 1;
}

/* A table LuaJIT's functions may work on: keys and values exist, chains stay inside of it. */
static int th_is_sound(uint64_t tab)
{
  struct th_object t;
  const struct th_node *node;
  uint64_t n, top;
  if (!th_look_for(tab, TH_KIND_TAB, &t)) return 0;
  for (n = 0; n < t.size; n++)
    if (!th_is_value(((const uint64_t *)t.data)[n])) return 0;
  if (!t.nnodes) return 1;
  node = (const struct th_node *)t.nodes;
  for (n = 0; n < t.nnodes; n++)
    if (!th_is_value(node[n].value) || !th_is_value(node[n].key) || !th_is_chain(&t, &node[n])) return 0;
  top = (uint64_t)getfreetop((GCtab *)tab, (Node *)t.nodes) - t.nodes;
  return top <= sizeof(Node)*t.nnodes && top % sizeof(Node) == 0;
}

/* -- Interface -------------------------------------------------------------- */

static uint32_t th_no_object(const char *what, uint64_t addr)
{
  return th_refuse("%s: nothing like it at %#llx", what, (unsigned long long)addr);
}

static uint32_t api_read(uint64_t addr, struct th_object *out)
{
  if (th_phase == TH_DOWN) return th_want(TH_IDLE, "object");
  return th_look(addr, out) ? TH_OK : th_no_object("object", addr);
}

static GCupval *th_upvalue_of(uint64_t func, uint32_t idx)
{
  struct th_object fn;
  GCupval *uv;
  if (!th_look_for(func, TH_KIND_FUNC, &fn) || idx >= fn.size) return NULL;
  uv = (GCupval *)th_object_of((uint64_t)gcref(((GCfuncL *)func)->uvptr[idx]), LJ_TUPVAL, sizeof(GCupval));
  return uv && th_words_at((uint64_t)uvval(uv), 8) ? uv : NULL;
}

static uint32_t api_upvalue(uint64_t func, uint32_t idx, struct th_upvalue *out)
{
  GCupval *uv;
  if (th_phase == TH_DOWN) return th_want(TH_IDLE, "upvalue");
  if (!(uv = th_upvalue_of(func, idx))) return th_no_object("upvalue", func);
  out->addr = (uint64_t)uvval(uv);
  out->closed = uv->closed;
  out->color = th_color_of(obj2gco(uv));
  out->hash = hashrot(uv->dhash, uv->dhash + HASH_BIAS) & 0xff;
  out->pad = 0;
  return TH_OK;
}

/* The node a key is in, and the one its hash value points at. */
static uint32_t api_node(uint64_t tab, uint64_t key, uint32_t *slot, uint32_t *main)
{
  struct th_object t;
  const struct th_node *node;
  TValue tv;
  uint32_t n;
  tv.u64 = key;
  if (th_phase == TH_DOWN) return th_want(TH_IDLE, "node");
  if (!th_look_for(tab, TH_KIND_TAB, &t)) return th_no_object("table", tab);
  if (!th_is_key(key) || tvisint(&tv)) return th_refuse("node: %#llx is no key of a hash part", (unsigned long long)key);
  node = (const struct th_node *)t.nodes;
  for (n = 0; n < t.nnodes && node[n].key != key; n++) ;
  *slot = n < t.nnodes ? n : ~0u;
  *main = t.nnodes ? (uint32_t)(hashkey((GCtab *)tab, &tv) - (Node *)t.nodes) : ~0u;
  return TH_OK;
}

static void api_places(struct th_places *out)
{
  global_State *g = G(th_L);
  out->L = (uint64_t)th_L;
  out->g = (uint64_t)g;
  out->tmptv = (uint64_t)&g->tmptv;
  out->tmpbuf = (uint64_t)&g->tmpbuf;
  out->niltv = (uint64_t)&g->nilnode.val;
  out->env = (uint64_t)gcref(th_L->env);
}

/* Three addresses in all releases: write position, end, start. */
static uint32_t api_buffer(uint64_t addr)
{
  uint64_t w, e, b, p[3];
  if (th_phase == TH_DOWN) return th_want(TH_IDLE, "buffer");
  if (!th_words_at(addr, sizeof(SBuf))) return th_no_object("buffer", addr);
  memcpy(p, (const void *)addr, sizeof p);
  w = p[0], e = p[1], b = p[2];
  return b <= w && w <= e && (b == e || th_in_use(b, e - b)) ? TH_OK : th_no_object("buffer", addr);
}

static uint32_t api_word(uint64_t word, uint32_t what)
{
  TValue tv;
  tv.u64 = word;
  if (th_phase == TH_DOWN) return th_want(TH_IDLE, "word");
  if (what == TH_WORD_KEY ? th_is_key(word) : th_is_value(word) && (what != TH_WORD_OBJECT || tvisgcv(&tv))) return TH_OK;
  return th_refuse("word: %#llx is no such thing", (unsigned long long)word);
}

static uint32_t api_sound(uint64_t tab)
{
  if (th_phase == TH_DOWN) return th_want(TH_IDLE, "table");
  return th_is_sound(tab) ? TH_OK : th_no_object("sound table", tab);
}
