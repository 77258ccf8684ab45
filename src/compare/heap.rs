//! Two heaps compared as graphs: objects that a run made have different addresses on the two sides.
//!
//! Objects of the world have the same address on both. Others are paired when a value leads to both of them at once, from the values, the
//! stack or an object: from then on each stands for the other, and what they hold is compared. Strings are the same when their bytes are.
//! Boxed numbers are the same when their values are. What no value leads to is not compared: no program can see it.

use super::{Difference, Place};
use crate::ir::CdataType;
use crate::outcome::{Heap, MismatchClass, ObjectState};
use crate::world::object::{OBJECT_AREA, OBJECT_BASE};
use crate::world::{GCV_MASK, ITYPE_STR};
use std::collections::BTreeMap;

/// The first tag that is no object's: 17 bits. Above are the primitives (`LJ_TTRUE`), below the numbers (`LJ_TUDATA` is the last object).
const FIRST_OBJECT_TAG: u64 = 0x1_fff3;
const LAST_OBJECT_TAG: u64 = 0x1_fffb;

/// What is known to be the same on both sides.
pub(super) struct Pairs<'a> {
    expected: &'a Heap,
    observed: &'a Heap,
    to_observed: BTreeMap<u64, u64>,
    to_expected: BTreeMap<u64, u64>,
    /// Paired, not compared yet.
    open: Vec<(u64, u64)>,
}

impl<'a> Pairs<'a> {
    /// Nothing is known yet.
    pub(super) fn new(expected: &'a Heap, observed: &'a Heap) -> Self {
        Pairs { expected, observed, to_observed: BTreeMap::new(), to_expected: BTreeMap::new(), open: vec![] }
    }

    /// True for words that mean the same: the same bits, or objects that stand for each other.
    pub(super) fn same_word(&mut self, expected: u64, observed: u64) -> bool {
        match (object(expected), object(observed)) {
            (Some((tag, e)), Some((other, o))) => tag == other && self.same_address(e, o),
            (None, None) => expected == observed,
            _ => false,
        }
    }

    /// True for addresses of the same object.
    pub(super) fn same_address(&mut self, expected: u64, observed: u64) -> bool {
        if is_fixed(expected) || is_fixed(observed) {
            return expected == observed;
        }
        match (self.expected.get(&expected), self.observed.get(&observed)) {
            (Some(ObjectState::Str(e)), Some(ObjectState::Str(o))) => e == o,
            (Some(e @ ObjectState::Cdata(Some(ty), _)), Some(o)) if is_box(*ty) => e == o,
            (Some(_), Some(_)) => self.pair(expected, observed),
            // No objects at all: null, or memory that a case says is a string.
            (None, None) => expected == observed,
            _ => false,
        }
    }

    fn pair(&mut self, expected: u64, observed: u64) -> bool {
        match (self.to_observed.get(&expected), self.to_expected.get(&observed)) {
            (None, None) => {
                self.to_observed.insert(expected, observed);
                self.to_expected.insert(observed, expected);
                self.open.push((expected, observed));
                true
            }
            (o, e) => o == Some(&observed) && e == Some(&expected),
        }
    }

    /// Compares the world's objects and all that have been paired, which may pair more.
    pub(super) fn finish(mut self, found: &mut Vec<Difference>) {
        let fixed = |heap: &Heap| heap.keys().copied().filter(|a| is_fixed(*a)).collect::<Vec<_>>();
        for address in fixed(self.expected) {
            self.compare(address, address, found);
        }
        while let Some((e, o)) = self.open.pop() {
            self.compare(e, o, found);
        }
    }

    fn compare(&mut self, e: u64, o: u64, found: &mut Vec<Difference>) {
        let (expected, observed) = (self.expected.get(&e), self.observed.get(&o));
        if let Some((expected, observed)) = self.difference(expected, observed) {
            found.push(Difference { class: MismatchClass::WrongMemory, place: Place::Object(e), expected, observed });
        }
    }

    /// The first difference, in words.
    fn difference(&mut self, e: Option<&ObjectState>, o: Option<&ObjectState>) -> Option<(String, String)> {
        let bytes = |a: &[u8], b: &[u8]| (a != b).then(|| (super::show_bytes(a), super::show_bytes(b)));
        match (e?, o) {
            (ObjectState::Str(a), Some(ObjectState::Str(b))) => bytes(a, b),
            (ObjectState::Other, Some(ObjectState::Other)) => None,
            (ObjectState::Func(a), Some(ObjectState::Func(b))) => self.upvalues(a, b),
            (ObjectState::Cdata(ta, a), Some(ObjectState::Cdata(tb, b))) => {
                let types = (ta != tb).then(|| (format!("type {ta:?}"), format!("type {tb:?}")));
                types.or_else(|| bytes(a, b))
            }
            (ObjectState::Udata(ma, a), Some(ObjectState::Udata(mb, b))) => {
                self.metatables(*ma, *mb).or_else(|| bytes(a, b))
            }
            (
                ObjectState::Table { entries: a, meta: ma, black: ba },
                Some(ObjectState::Table { entries: b, meta: mb, black: bb }),
            ) => {
                let colour = |black: bool| if black { "black" } else { "not black" }.to_string();
                self.entries(a, b)
                    .or_else(|| self.metatables(*ma, *mb))
                    .or_else(|| (ba != bb).then(|| (colour(*ba), colour(*bb))))
            }
            (_, Some(_)) => Some(("an object of its kind".into(), "one of another kind".into())),
            (_, None) => Some(("an object".into(), "none".into())),
        }
    }

    fn upvalues(&mut self, a: &[u64], b: &[u64]) -> Option<(String, String)> {
        if a.len() != b.len() {
            return Some((format!("{} upvalues", a.len()), format!("{} upvalues", b.len())));
        }
        let n = a.iter().zip(b).position(|(a, b)| !self.same_word(*a, *b))?;
        Some((format!("upvalue {n}: {:#018x}", a[n]), format!("upvalue {n}: {:#018x}", b[n])))
    }

    fn metatables(&mut self, a: u64, b: u64) -> Option<(String, String)> {
        (!self.same_address(a, b)).then(|| (format!("metatable {a:#x}"), format!("metatable {b:#x}")))
    }

    /// Keys are matched first: those of new objects are in different order on the two sides.
    fn entries(&mut self, a: &[(u64, u64)], b: &[(u64, u64)]) -> Option<(String, String)> {
        let show = |(k, v): (u64, u64)| format!("[{k:#018x}] = {v:#018x}");
        let mut rest: Vec<(u64, u64)> = b.to_vec();
        for &(key, value) in a {
            // Bits first: pairing is for keys that are new objects.
            let same_bits = rest.binary_search_by_key(&key, |(k, _)| *k).ok();
            let found = same_bits.or_else(|| rest.iter().position(|(k, _)| self.same_word(key, *k)));
            let Some(i) = found else { return Some((show((key, value)), "no such key".into())) };
            let (other_key, other) = rest.remove(i);
            if !self.same_word(value, other) {
                return Some((show((key, value)), show((other_key, other))));
            }
        }
        rest.first().map(|entry| ("no such key".into(), show(*entry)))
    }
}

/// True for addresses of the world's objects.
fn is_fixed(address: u64) -> bool {
    (OBJECT_BASE..OBJECT_BASE + OBJECT_AREA).contains(&address)
}

/// Tag and address of a word that is an object.
fn object(word: u64) -> Option<(u64, u64)> {
    let tag = word >> 47;
    (FIRST_OBJECT_TAG..=LAST_OBJECT_TAG).contains(&tag).then_some((tag, word & GCV_MASK))
}

const _: () = assert!(LAST_OBJECT_TAG == ITYPE_STR.cast_unsigned() & 0x1_ffff);

/// A number or pointer in a box: it never changes, and nothing tells two of the same value apart.
fn is_box(ty: CdataType) -> bool {
    matches!(ty, CdataType::Int32 | CdataType::Int64 | CdataType::UInt64 | CdataType::Pointer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Type;
    use crate::world::{encode_gc, encode_int, itype};

    const WORLD: u64 = OBJECT_BASE;

    fn table(entries: &[(u64, u64)]) -> ObjectState {
        ObjectState::Table { entries: entries.to_vec(), meta: 0, black: false }
    }

    fn tab(address: u64) -> u64 {
        encode_gc(itype(Type::Tab), address)
    }

    fn string(address: u64) -> u64 {
        encode_gc(itype(Type::Str), address)
    }

    fn differences(expected: &[(u64, ObjectState)], observed: &[(u64, ObjectState)]) -> Vec<Difference> {
        let heap = |list: &[(u64, ObjectState)]| list.iter().cloned().collect::<Heap>();
        let (expected, observed) = (heap(expected), heap(observed));
        let mut found = vec![];
        Pairs::new(&expected, &observed).finish(&mut found);
        found
    }

    #[test]
    fn new_objects_are_the_same_by_what_they_hold() {
        let side = |new: u64, value: u64| {
            vec![
                (WORLD, table(&[(encode_int(1), tab(new))])),
                (new, table(&[(encode_int(2), encode_int(7)), (encode_int(3), value)])),
            ]
        };
        let (a, b) = (0x7000, 0x9000);
        assert_eq!(differences(&side(a, tab(a)), &side(b, tab(b))), vec![]);
        let found = differences(&side(a, tab(a)), &side(b, encode_int(8)));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, Place::Object(a));
    }

    #[test]
    fn one_new_object_does_not_stand_for_two() {
        let two = [(WORLD, table(&[(1, tab(0x7000)), (2, tab(0x8000))])), (0x7000, table(&[])), (0x8000, table(&[]))];
        let one = [(WORLD, table(&[(1, tab(0x7000)), (2, tab(0x7000))])), (0x7000, table(&[]))];
        assert_eq!(differences(&two, &one).len(), 1);
        assert_eq!(differences(&one, &two).len(), 1);
        assert_eq!(differences(&two, &two), vec![]);
    }

    /// CSE makes one box of two CNEWI (`lj_ir.h`: mode N), and Lua compares what is in it.
    #[test]
    fn boxed_numbers_are_the_same_by_their_value() {
        let cdata = |at: u64| encode_gc(itype(Type::Cdata), at);
        let new = |ty: CdataType, value: u8| ObjectState::Cdata(Some(ty), vec![value; 8]);
        let one = |ty, value| [(WORLD, table(&[(1, cdata(0x7000)), (2, cdata(0x7000))])), (0x7000, new(ty, value))];
        let two = |ty, value| {
            [(WORLD, table(&[(1, cdata(0x7000)), (2, cdata(0x8000))])), (0x7000, new(ty, 1)), (0x8000, new(ty, value))]
        };
        assert_eq!(differences(&two(CdataType::Int64, 1), &one(CdataType::Int64, 1)), vec![]);
        assert_eq!(differences(&two(CdataType::Int64, 2), &one(CdataType::Int64, 1)).len(), 1);
        assert_eq!(differences(&two(CdataType::Struct(8), 1), &one(CdataType::Struct(8), 1)).len(), 1);
    }

    #[test]
    fn strings_are_the_same_by_their_bytes_as_values_and_as_keys() {
        let side = |at: u64, bytes: &[u8]| {
            [(WORLD, table(&[(string(at), string(at))])), (at, ObjectState::Str(bytes.to_vec()))]
        };
        assert_eq!(differences(&side(0x7000, b"ab"), &side(0x9000, b"ab")), vec![]);
        assert_eq!(differences(&side(0x7000, b"ab"), &side(0x9000, b"ac")).len(), 1);
    }

    #[test]
    fn a_missing_entry_another_colour_and_a_lost_object_are_differences() {
        let one = [(WORLD, table(&[(encode_int(1), encode_int(1))]))];
        assert_eq!(differences(&one, &[(WORLD, table(&[]))]).len(), 1);
        assert_eq!(differences(&[(WORLD, table(&[]))], &one).len(), 1);
        let black =
            [(WORLD, ObjectState::Table { entries: vec![(encode_int(1), encode_int(1))], meta: 0, black: true })];
        assert_eq!(differences(&one, &black).len(), 1);
        assert_eq!(differences(&one, &[]).len(), 1);
    }

    #[test]
    fn a_pointer_to_no_object_is_not_one() {
        let good = [(WORLD, table(&[(encode_int(1), tab(0x7000))])), (0x7000, table(&[]))];
        let wild = [(WORLD, table(&[(encode_int(1), tab(0xdead_0000))]))];
        assert_eq!(differences(&good, &wild).len(), 1);
    }
}
