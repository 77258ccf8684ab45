//! The objects of a world and what each input puts in them.
//!
//! Sizes stand at the limits that code generation knows: array parts behind their table's header, the highest scaled displacement, indices
//! of an add immediate; strings as long as the displacement of a byte load. Most are small: large ones cost.

use super::cells::Cells;
use super::entropy::{Bulk, Source};
use super::knobs::Knobs;
use super::node;
use super::object::{Objects, State, id};
use super::place::Sort;
use super::pools;
use crate::case::{Gc, ObjectValues};
use crate::ir::{CdataType, Key, ObjId, Type};
use crate::world::object::{MAX_BYTES, Object, ObjectKind, Upvalue};
use crate::world::{SlotValue, World};

/// What is known of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// A string.
    Str(Vec<u8>),
    /// A table.
    Table(TablePlan),
    /// A function, with the sorts of its upvalues.
    Func(Vec<(Upvalue, Sort)>),
    /// A userdata of some bytes, with or without a metatable.
    Udata(u32, Option<ObjId>),
    /// A foreign data object.
    Cdata(CdataType),
}

/// What is known of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TablePlan {
    /// Slots of its array part.
    pub asize: u32,
    /// Size of its hash part.
    pub hbits: Option<u8>,
    /// What its array part holds; in a new table, what will be stored.
    pub elem: Sort,
    /// The array holds values at 1 to this, the least of all inputs, and nil behind: its length is no matter of taste.
    pub sequence: Option<u32>,
    /// Numbers of its keys, of the case's.
    pub keys: Vec<usize>,
    /// Its metatable.
    pub meta: Option<ObjId>,
    /// It is copied by TDUP, and never changed.
    pub template: bool,
    /// It was made by the trace; its array part holds values at these indices only.
    pub stored: Option<Vec<i64>>,
}

impl Plan {
    pub(super) fn ty(&self) -> Type {
        match self {
            Plan::Str(_) => Type::Str,
            Plan::Table(_) => Type::Tab,
            Plan::Func(_) => Type::Func,
            Plan::Udata(..) => Type::Udata,
            Plan::Cdata(_) => Type::Cdata,
        }
    }

    /// True if code that is made for one suits the other: guards may fail, but nothing is out of bounds.
    pub(super) fn is_like(&self, other: &Plan) -> bool {
        match (self, other) {
            (Plan::Str(a), Plan::Str(b)) => a.len().abs_diff(b.len()) < 9,
            (Plan::Table(a), Plan::Table(b)) => {
                let same = (a.elem, a.sequence.is_some()) == (b.elem, b.sequence.is_some());
                same && a.asize == b.asize && !a.template && !b.template
            }
            (a, b) => a == b,
        }
    }
}

/// Words that strings are made of; the numbers are for STRTO. None is a name that LuaJIT itself has.
const WORDS: [&str; 12] =
    ["alpha", "alphabet", "alpine", "~", "#7", "zz", "12", "-0.5", "1e3", "0x1F", "  77 ", "4294967296"];
/// The first of them that is a number.
const FIRST_NUMBER: usize = 6;

impl Objects {
    /// Draws the objects and puts their values in the inputs.
    pub(super) fn draw(s: &mut impl Source, bulk: &mut Bulk, knobs: &Knobs, cells: &mut Cells) -> Objects {
        let mut o = Objects { steps: Objects::steps(s, knobs), ..Objects::default() };
        if !o.any() {
            return o;
        }
        o.stay = s.pick(&[0, 40, 80]);
        let tables = 1 + s.index(3);
        let funcs = s.index(3);
        o.strings(s);
        o.data(s);
        let first_func = o.plans.len();
        let first_table = first_func + funcs;
        o.world = first_table + tables;
        // Sorts name objects by number: what is not drawn yet stands here with its type.
        o.plans.resize(first_table, Plan::Func(vec![]));
        o.plans.resize(o.world, Plan::Table(TablePlan::default()));
        o.states = vec![State::default(); o.world];
        o.draw_keys(s);
        for n in first_func..first_table {
            o.plans[n] = o.func(s, bulk, cells);
        }
        for n in first_table..o.world {
            let twin = n > first_table && s.percent(30);
            o.plans[n] = if twin { o.plans[n - 1].clone() } else { Plan::Table(o.draw_table(s, first_table)) };
        }
        o.name(s, &mut cells.world);
        for n in 0..cells.inputs.len() {
            cells.inputs[n].objects = o.values(s, bulk, cells, n);
            cells.inputs[n].gc = match s.percent(knobs.leave) {
                true => Gc::Leave,
                false if s.percent(15) => Gc::Step,
                false => Gc::Idle,
            };
        }
        o
    }

    fn strings(&mut self, s: &mut impl Source) {
        let mut words: Vec<usize> = (0..WORDS.len()).collect();
        for _ in 0..2 + s.index(4) {
            let word = words.swap_remove(s.index(words.len()));
            self.plans.push(Plan::Str(WORDS[word].into()));
        }
        let long = match s.weighted(&[12, 3, 1]) {
            0 => return,
            1 => 40 + s.index(300),
            _ => (4 << 10) - 32 + s.index((MAX_BYTES - (4 << 10)) / 2),
        };
        self.plans.push(Plan::Str((0..long).map(|i| b'a' + (i % 23) as u8).collect()));
    }

    fn data(&mut self, s: &mut impl Source) {
        if s.percent(40) {
            let meta = None;
            self.plans.push(Plan::Udata(8 * (1 + s.below(8)), meta));
        }
        let words = 1 + s.below(8);
        let bytes = u8::try_from(8 * words).expect("at most 64");
        let all = [
            CdataType::Int64,
            CdataType::Struct(bytes),
            CdataType::Int32,
            CdataType::UInt64,
            CdataType::Double,
            CdataType::Pointer,
        ];
        for _ in 0..s.index(4) {
            self.plans.push(Plan::Cdata(s.pick(&all)));
        }
    }

    /// Keys: most strings, some numbers and others.
    fn draw_keys(&mut self, s: &mut impl Source) {
        for n in 0..self.world {
            let likely = if self.plans[n].ty() == Type::Str { 85 } else { 12 };
            if s.percent(likely) {
                let sort = self.sort(s, false);
                self.keys.push((Key::Obj(id(n)), sort));
            }
        }
        for _ in 0..s.index(3) {
            let bits = pools::double(s);
            let key = if s.percent(30) { Key::Bool(bits & 1 != 0) } else { Key::Num(bits) };
            let fits = !matches!(key, Key::Num(bits) if !crate::ir::validate::is_num_key(bits));
            if fits {
                self.add_key(s, key);
            }
        }
        // Few: their tables are large.
        for _ in 0..if s.percent(6) { 1 + s.index(3) } else { 0 } {
            if let Some(bits) = node::far_key(s) {
                self.add_key(s, Key::Num(bits));
            }
        }
    }

    fn add_key(&mut self, s: &mut impl Source, key: Key) {
        if self.keys.iter().all(|(k, _)| *k != key) {
            let sort = self.sort(s, false);
            self.keys.push((key, sort));
        }
    }

    /// The sort of a place.
    pub(super) fn sort(&self, s: &mut impl Source, nil: bool) -> Sort {
        let ty = match s.weighted(&[8, 6, 4, 4, 1, 1, 1, 1, u16::from(nil)]) {
            0 => Type::Int,
            1 => Type::Num,
            2 => Type::Tab,
            3 => Type::Str,
            4 => Type::Func,
            5 => Type::Udata,
            6 => Type::Cdata,
            7 => s.pick(&[Type::True, Type::False]),
            _ => Type::Nil,
        };
        let all = self.of_type(ty);
        match ty {
            Type::Int | Type::Num | Type::True | Type::False | Type::Nil => Sort::Plain(ty),
            _ if all.is_empty() => Sort::Plain(Type::Int),
            // The twins are drawn later: a table is known alone.
            Type::Tab | Type::Func | Type::Cdata if s.percent(60) => {
                let a = s.pick(&all);
                Sort::Known(ty, a, a)
            }
            Type::Str if s.percent(30) => Sort::Known(ty, s.pick(&all), s.pick(&all)),
            _ => Sort::Any(ty),
        }
    }

    fn func(&self, s: &mut impl Source, bulk: &mut Bulk, cells: &mut Cells) -> Plan {
        let count = 1 + s.index(4);
        let upvalues = (0..count).map(|_| {
            let sort = self.sort(s, true);
            let all = self.of_type(sort.ty());
            let wrong = if s.percent(6) { s.index(cells.count()) } else { usize::MAX };
            let open = s.percent(25);
            let value = |n| if n == wrong { sort.wrong_value(bulk) } else { sort.value(bulk, &all) };
            let slot = open.then(|| cells.slot(value)).flatten();
            (slot.map_or(Upvalue::Closed, Upvalue::Open), sort)
        });
        Plan::Func(upvalues.collect())
    }

    fn draw_table(&self, s: &mut impl Source, first_table: usize) -> TablePlan {
        let asize = match s.weighted(&[8, 24, 12, 1, 1]) {
            0 => 0,
            1 => 1 + s.below(9),
            2 => 10 + s.below(8),
            3 => 510 + s.below(6),
            _ => 4094 + s.below(4),
        };
        // Some releases take a table in a template for a nil.
        let template = s.percent(15);
        let elem = self.sort(s, true);
        let elem = if template && elem.ty() == Type::Tab { Sort::Plain(Type::Int) } else { elem };
        let hbits = s.percent(75).then(|| 1 + u8::try_from(s.below(3)).expect("small"));
        let room = hbits.map_or(0, |b| 1usize << b);
        let fits = |k: &usize| !(template && self.keys[*k].1.ty() == Type::Tab);
        let mut keys: Vec<usize> = (0..self.keys.len()).filter(fits).collect();
        while keys.len() > room || !keys.is_empty() && s.percent(25) {
            keys.swap_remove(s.index(keys.len()));
        }
        let is_far = !template && keys.iter().any(|k| node::is_far(self.keys[*k].0));
        let hbits = if is_far && s.percent(70) { Some(node::HBITS) } else { hbits };
        let sequence =
            (!template && asize > 1 && elem.ty() != Type::Nil && s.percent(40)).then(|| s.below(asize.min(20)));
        let meta = s.percent(20).then(|| id(first_table));
        TablePlan { asize, hbits, elem, sequence, keys, meta, template, stored: None }
    }

    /// Gives the world its objects.
    fn name(&self, s: &mut impl Source, world: &mut World) {
        let mut counts = [0; 5];
        for plan in &self.plans {
            let (n, letter, kind) = match plan {
                Plan::Str(bytes) => (0, 's', ObjectKind::Str(bytes.clone())),
                Plan::Table(t) => (1, 't', self.table_kind(s, t)),
                Plan::Func(upvalues) => {
                    (2, 'f', ObjectKind::Func { upvalues: upvalues.iter().map(|(u, _)| *u).collect() })
                }
                Plan::Udata(size, meta) => (3, 'u', ObjectKind::Udata { size: *size, meta: *meta }),
                Plan::Cdata(ty) => (4, 'c', ObjectKind::Cdata(*ty)),
            };
            counts[n] += 1;
            world.objects.push(Object { name: format!("{letter}{}", counts[n]), kind });
        }
    }

    fn table_kind(&self, s: &mut impl Source, t: &TablePlan) -> ObjectKind {
        let keys = t.keys.iter().map(|k| self.keys[*k].0).collect();
        ObjectKind::Table { asize: t.asize, hbits: t.hbits, keys, meta: t.meta, black: s.percent(20) }
    }

    /// What an input puts in the objects.
    fn values(&self, s: &mut impl Source, bulk: &mut Bulk, cells: &Cells, input: usize) -> Vec<ObjectValues> {
        let plans = self.plans.iter().enumerate();
        plans
            .map(|(n, plan)| match plan {
                Plan::Str(_) => ObjectValues::None,
                // The same in all inputs: FOLD reads it.
                Plan::Table(t) if t.template && input > 0 => cells.inputs[0].objects[n].clone(),
                Plan::Table(t) => self.table_values(s, bulk, t),
                Plan::Func(upvalues) => {
                    ObjectValues::Upvalues(upvalues.iter().map(|(u, sort)| self.upvalue(s, bulk, *u, *sort)).collect())
                }
                Plan::Udata(size, _) => ObjectValues::Bytes(bytes(bulk, *size)),
                Plan::Cdata(ty) => ObjectValues::Bytes(bytes(bulk, ty.size().expect("no world has a VLA"))),
            })
            .collect()
    }

    fn upvalue(&self, s: &mut impl Source, bulk: &mut Bulk, u: Upvalue, sort: Sort) -> SlotValue {
        match u {
            Upvalue::Open(_) => SlotValue::Nil,
            Upvalue::Closed if s.percent(1) => sort.wrong_value(bulk),
            Upvalue::Closed => sort.value(bulk, &self.of_type(sort.ty())),
        }
    }

    fn table_values(&self, s: &mut impl Source, bulk: &mut Bulk, t: &TablePlan) -> ObjectValues {
        let all = self.of_type(t.elem.ty());
        let end = t.sequence.map_or(t.asize, |least| least + 1 + bulk.below(t.asize - least));
        let in_end = |i: u32| i < end;
        let mut array: Vec<SlotValue> = Vec::with_capacity(t.asize as usize);
        for i in 0..t.asize {
            array.push(match i {
                _ if !in_end(i) => SlotValue::Nil,
                // Large ones repeat: new values for all would take longer than all else.
                PERIOD.. => array[(i - PERIOD) as usize],
                _ => t.elem.value(bulk, &all),
            });
        }
        if !t.template && end > 0 && s.percent(6) {
            let n = s.index(end as usize);
            array[n] = t.elem.wrong_value(bulk);
        }
        let mut hash: Vec<SlotValue> = t.keys.iter().map(|k| self.key_value(bulk, *k)).collect();
        if !t.template && !hash.is_empty() && s.percent(6) {
            let n = s.index(hash.len());
            hash[n] = self.keys[t.keys[n]].1.wrong_value(bulk);
        }
        ObjectValues::Table { array, hash }
    }

    fn key_value(&self, bulk: &mut Bulk, key: usize) -> SlotValue {
        let sort = self.keys[key].1;
        sort.value(bulk, &self.of_type(sort.ty()))
    }
}

/// Values of an array part that are drawn.
const PERIOD: u32 = 37;

impl Default for TablePlan {
    fn default() -> Self {
        TablePlan {
            asize: 0,
            hbits: None,
            elem: Sort::Plain(Type::Nil),
            sequence: None,
            keys: vec![],
            meta: None,
            template: false,
            stored: None,
        }
    }
}

/// True for the bytes of a string that is a number.
pub(super) fn is_number(bytes: &[u8]) -> bool {
    WORDS[FIRST_NUMBER..].iter().any(|w| w.as_bytes() == bytes)
}

/// Bytes of a payload; words that are no NaN, since they may be loaded as numbers.
fn bytes(bulk: &mut Bulk, size: u32) -> Vec<u8> {
    let words = (0..size.div_ceil(8)).flat_map(|_| pools::quiet(bulk.raw(8)).to_le_bytes());
    words.take(size as usize).collect()
}
