//! Plain memory, string addresses and the Lua stack.

use super::super::error::{Undefined, Unjudged};
use super::super::frame::{Flow, Frame, Literal, Step};
use super::super::heap::{Body, Span};
use super::super::marks::Marks;
use super::conv::{checked_int, truncated};
use super::{cut, hold, int};
use crate::ir::{SloadMode, Type};
use crate::world::object::{OBJECT_BASE, STR_HEADER};
use crate::world::{DATA_BASE, DATA_SIZE, GCV_MASK, TAG_INT, TV_FALSE, TV_NIL, TV_TRUE, itype};

/// Above this, a string can't be (`LJ_MAX_STR` is 2 GiB less 256 bytes), and a fused index could wrap.
const MAX_STRING_INDEX: u64 = 0x7fff_0000;

/// `STRREF`: the address of a string's character.
pub(in super::super) fn strref(_: Type, string: u64, index: u64) -> Result<u64, Undefined> {
    if index > MAX_STRING_INDEX {
        return Err(Undefined::StringIndex);
    }
    Ok(string.wrapping_add(STR_HEADER).wrapping_add(index))
}

/// `XLOAD`: narrow integers extend to 32 bits.
pub(in super::super) fn xload(frame: &mut Frame<'_>, step: &Step) -> Result<Flow, Unjudged> {
    let (address, len) = (frame.values[step.a], step.ty.size());
    let Some((region, offset)) = frame.world.locate(address, len) else {
        let bytes = object_bytes(frame, step, address, len.into())?;
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(&bytes);
        return Ok(Flow::Next(extend(step.ty, u64::from_le_bytes(word))));
    };
    let bytes = &frame.memory[region][offset..];
    let value = match step.ty.size() {
        1 => u64::from(bytes[0]),
        2 => u64::from(u16::from_le_bytes([bytes[0], bytes[1]])),
        4 => u64::from(u32::from_le_bytes(first(bytes))),
        _ => u64::from_le_bytes(first(bytes)),
    };
    Ok(Flow::Next(extend(step.ty, value)))
}

/// `XSTORE`: the low bytes of the value.
pub(in super::super) fn xstore(frame: &mut Frame<'_>, step: &Step) -> Result<Flow, Unjudged> {
    let (address, len) = (frame.values[step.a], step.ty.size());
    let bytes = frame.values[step.b].to_le_bytes();
    write(frame, step, address, &bytes[..len as usize])?;
    Ok(Flow::Next(0))
}

/// Stores bytes in a region or an object's payload.
fn write(frame: &mut Frame<'_>, step: &Step, address: u64, bytes: &[u8]) -> Result<(), Unjudged> {
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let Some((region, offset)) = frame.world.locate(address, len) else {
        return write_object(frame, step, address, bytes);
    };
    if frame.world.regions[region].readonly {
        return Err(Unjudged::ReadOnly { at: step.at, address });
    }
    frame.memory[region][offset..offset + bytes.len()].copy_from_slice(bytes);
    frame.stored |= 1 << region;
    if frame.stored & frame.sources != 0 {
        return Err(step.undefined(Undefined::MutableSource));
    }
    Ok(())
}

fn write_object(frame: &mut Frame<'_>, step: &Step, address: u64, bytes: &[u8]) -> Result<(), Unjudged> {
    let Span { object, offset } = span(frame, step, address, bytes.len() as u64)?;
    let range = offset..offset + bytes.len();
    match frame.heap.body_mut(object) {
        Body::Cdata(c) if c.boxed => return Err(step.undefined(Undefined::BoxedScalar)),
        Body::Cdata(c) => {
            c.payload[range.clone()].copy_from_slice(bytes);
            c.blank.iter_mut().skip(range.start).take(range.len()).for_each(|b| *b = false);
        }
        Body::Udata { payload, .. } => payload[range].copy_from_slice(bytes),
        _ => return Err(Unjudged::ReadOnly { at: step.at, address }),
    }
    Ok(())
}

fn span(frame: &Frame<'_>, step: &Step, address: u64, len: u64) -> Result<Span, Unjudged> {
    let short = u32::try_from(len).unwrap_or(u32::MAX);
    frame.heap.span(address, len).ok_or(Unjudged::OutOfWorld { at: step.at, address, len: short })
}

/// Bytes of an object: a string with the zero behind it, a payload.
fn object_bytes(frame: &Frame<'_>, step: &Step, address: u64, len: u64) -> Result<Vec<u8>, Unjudged> {
    let Span { object, offset } = span(frame, step, address, len)?;
    let wanted = usize::try_from(len).expect("inside an object");
    Ok(match frame.heap.body(object) {
        Body::Cdata(c) if c.blank.iter().skip(offset).take(wanted).any(|b| *b) => {
            return Err(step.undefined(Undefined::Uninitialised));
        }
        Body::Udata { payload, .. } => payload[offset..offset + wanted].to_vec(),
        Body::Cdata(c) => c.payload[offset..offset + wanted].to_vec(),
        Body::Str(bytes) => bytes.iter().chain(&[0]).skip(offset).take(wanted).copied().collect(),
        Body::Table(_) | Body::Func(_) => return Err(step.undefined(Undefined::NoObject)),
    })
}

/// Bytes anywhere.
pub(super) fn bytes(frame: &Frame<'_>, step: &Step, address: u64, len: u64) -> Result<Vec<u8>, Unjudged> {
    let short = u32::try_from(len).unwrap_or(u32::MAX);
    match frame.world.locate(address, short) {
        Some((region, offset)) => Ok(frame.memory[region][offset..offset + short as usize].to_vec()),
        None => object_bytes(frame, step, address, len),
    }
}

/// Remembers that a string was made of what is at an address.
pub(super) fn note_source(frame: &mut Frame<'_>, address: u64) -> Result<(), Undefined> {
    if let Some((region, _)) = frame.world.locate(address, 0) {
        frame.sources |= 1 << region;
    }
    if frame.stored & frame.sources == 0 { Ok(()) } else { Err(Undefined::MutableSource) }
}

/// `strlen`: the distance to the next zero byte.
pub(in super::super) fn strlen(frame: &mut Frame<'_>, step: &Step, args: &[u64]) -> Result<u64, Unjudged> {
    for len in 0.. {
        if bytes(frame, step, args[0].wrapping_add(len), 1)? == [0] {
            return Ok(len);
        }
    }
    unreachable!("memory ends")
}

/// `memcpy`
pub(in super::super) fn memcpy(frame: &mut Frame<'_>, step: &Step, args: &[u64]) -> Result<u64, Unjudged> {
    let [to, from, len] = *args else { unreachable!("decoded with three arguments") };
    if len == 0 {
        return nothing_at(frame, step, &[to, from]).map(|()| to);
    }
    let copied = bytes(frame, step, from, len)?;
    if to.abs_diff(from) < len {
        return Err(step.undefined(Undefined::Overlap));
    }
    write(frame, step, to, &copied)?;
    Ok(to)
}

/// `memset`: the value's low byte.
pub(in super::super) fn memset(frame: &mut Frame<'_>, step: &Step, args: &[u64]) -> Result<u64, Unjudged> {
    let [to, value, len] = *args else { unreachable!("decoded with three arguments") };
    // Nothing is as large as this.
    let len = usize::try_from(len).ok().filter(|n| *n <= 1 << 24);
    let len = len.ok_or(Unjudged::OutOfWorld { at: step.at, address: to, len: u32::MAX })?;
    if len == 0 {
        return nothing_at(frame, step, &[to]).map(|()| to);
    }
    write(frame, step, to, &vec![value.to_le_bytes()[0]; len])?;
    Ok(to)
}

/// Pointers must be valid even where nothing is copied or filled (C11, 7.24.1).
fn nothing_at(frame: &Frame<'_>, step: &Step, addresses: &[u64]) -> Result<(), Unjudged> {
    addresses.iter().try_for_each(|address| bytes(frame, step, *address, 0).map(drop))
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    *bytes.first_chunk().expect("located whole")
}

#[expect(clippy::cast_possible_truncation, reason = "the low bits are the value")]
fn extend(ty: Type, value: u64) -> u64 {
    match ty {
        Type::I8 => hold(i32::from(value as i8)),
        Type::I16 => hold(i32::from(value as i16)),
        _ => value,
    }
}

/// `SLOAD`: the slot's word as it was at entry, checked and converted by the mode.
pub(in super::super) fn sload(frame: &mut Frame<'_>, step: &Step) -> Result<Flow, Unjudged> {
    let Literal::Slot(index, mode) = step.literal else { unreachable!("decoded with a slot") };
    let word = frame.stack[index];
    if frame.aliased >> index & 1 == 1 {
        return Err(step.undefined(Undefined::SlotIsUpvalue));
    }
    if !has_type(stored_type(step.ty, mode), word) {
        if mode.typecheck {
            return Ok(Flow::Leave);
        }
        // The recorder leaves the check out where it knows the type. The address of a new object is no number to compute with.
        if is_new_object(word) {
            return Err(step.undefined(Undefined::UncheckedObject));
        }
    }
    Ok(unpack(&mut frame.marks, step, mode, word).map_or(Flow::Leave, Flow::Next))
}

/// True for the word of an object that is none of the world's, whose address differs from run to run.
fn is_new_object(word: u64) -> bool {
    let objects = itype(Type::Udata)..=itype(Type::Str);
    let known = OBJECT_BASE..DATA_BASE + u64::from(DATA_SIZE);
    objects.contains(&(word.cast_signed() >> 47)) && !known.contains(&(word & GCV_MASK))
}

/// The type that the slot itself must have: a converting `SLOAD` checks the type before the conversion.
fn stored_type(ty: Type, mode: SloadMode) -> Type {
    match ty {
        Type::Int if mode.convert => Type::Num,
        Type::Num if mode.convert => Type::Int,
        _ => ty,
    }
}

/// The type checks of `asm_sload`: numbers are all words below the first tag.
pub(super) fn has_type(ty: Type, word: u64) -> bool {
    match ty {
        Type::Int => word >> 32 == TAG_INT,
        Type::Num => word >> 32 < TAG_INT,
        Type::Nil => word == TV_NIL,
        Type::False => word == TV_FALSE,
        Type::True => word == TV_TRUE,
        _ => word.cast_signed() >> 47 == itype(ty),
    }
}

fn unpack(marks: &mut Marks, step: &Step, mode: SloadMode, word: u64) -> Option<u64> {
    match (step.ty, mode.convert) {
        (Type::Int, true) if step.guard => checked_int(marks, f64::from_bits(word)),
        (Type::Int, true) => Some(truncated(marks, Type::Int, f64::from_bits(word))),
        (Type::Num, true) => Some(f64::from(int(word)).to_bits()),
        (Type::Int, false) => Some(cut(Type::Int, word)),
        (Type::Num, false) => Some(word),
        (Type::Nil | Type::False | Type::True, _) => Some(0),
        _ => Some(word & GCV_MASK),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{Sample, data, int as kint, num, r};
    use super::super::super::{InterpretError, interpret};
    use super::*;
    use crate::ir::{Arg, Const, ExitNo, Lit, Op, Ref, RegionId, SymPtr, XloadMode};
    use crate::outcome::{End, Outcome, Unspecified};
    use crate::world::{DATA_BASE, SlotValue, TV_NIL};

    const X: Arg = Arg::Lit(Lit::Xload(XloadMode { readonly: false, volatile: false }));

    fn run(sample: Sample) -> Result<Outcome, InterpretError> {
        let case = sample.case();
        interpret(&case, &case.inputs[0])
    }

    /// The exit value of ref 1 in `sample`, by a guard that always fails; `None` if ref 1 itself left.
    fn first_value(sample: Sample) -> Option<u64> {
        let out = run(sample.snap(&[(2, r(1))]).guard(Op::NE, Type::Int, kint(0), kint(0)).snap(&[])).expect("judged");
        match out.end {
            End::Exit(ExitNo(0)) => None,
            End::Exit(ExitNo(1)) => Some(out.values[0].bits),
            end => panic!("{end:?}"),
        }
    }

    fn load(ty: Type, bytes: [u8; 8]) -> Option<u64> {
        let mut sample = Sample::new().ins(Op::XLOAD, ty, data(3), X);
        sample.0.inputs[0].memory[0][3..11].copy_from_slice(&bytes);
        first_value(sample)
    }

    #[test]
    fn narrow_loads_extend_by_their_sign_to_32_bits() {
        let bytes = [0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88];
        assert_eq!(load(Type::I8, bytes), Some(0xffff_ff81));
        assert_eq!(load(Type::U8, bytes), Some(0x81));
        assert_eq!(load(Type::I16, bytes), Some(0xffff_8281));
        assert_eq!(load(Type::U16, bytes), Some(0x8281));
        assert_eq!(load(Type::Int, bytes), Some(0x8483_8281));
        assert_eq!(load(Type::U32, bytes), Some(0x8483_8281));
        assert_eq!(load(Type::I64, bytes), Some(0x8887_8685_8483_8281));
        assert_eq!(load(Type::Num, bytes), Some(0x8887_8685_8483_8281));
    }

    fn stored(ty: Type, value: Arg) -> Vec<u8> {
        let mut sample = Sample::new().ins(Op::XSTORE, ty, data(1), value);
        sample.0.inputs[0].memory[0].fill(0xee);
        run(sample).expect("judged").memory[0][..10].to_vec()
    }

    #[test]
    fn stores_truncate_and_touch_no_other_byte() {
        const E: u8 = 0xee;
        let k = kint(0x1122_3344);
        for ty in [Type::I8, Type::U8] {
            assert_eq!(stored(ty, k), [E, 0x44, E, E, E, E, E, E, E, E]);
        }
        for ty in [Type::I16, Type::U16] {
            assert_eq!(stored(ty, k), [E, 0x44, 0x33, E, E, E, E, E, E, E]);
        }
        assert_eq!(stored(Type::Int, k), [E, 0x44, 0x33, 0x22, 0x11, E, E, E, E, E]);
        assert_eq!(stored(Type::I64, Arg::K(Const::Int64(-2))), [E, 0xfe, 255, 255, 255, 255, 255, 255, 255, E]);
        assert_eq!(stored(Type::Num, num(1.0)), [E, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, E]);
    }

    #[test]
    fn a_load_sees_an_overlapping_store() {
        let sample = Sample::new()
            .ins(Op::XSTORE, Type::Int, data(2), kint(-1))
            .ins(Op::XLOAD, Type::I64, data(0), X)
            .snap(&[(2, r(2))])
            .guard(Op::NE, Type::Int, kint(0), kint(0))
            .snap(&[]);
        assert_eq!(run(sample).expect("judged").values[0].bits, 0xffff_ffff_0000);
    }

    #[test]
    fn accesses_outside_the_world_are_not_judged() {
        for (offset, len, ty) in [(57, 8, Type::I64), (-1, 1, Type::U8), (61, 4, Type::Int)] {
            let address = DATA_BASE.wrapping_add_signed(offset);
            let load = run(Sample::new().ins(Op::XLOAD, ty, data(offset), X));
            assert_eq!(load, Err(Unjudged::OutOfWorld { at: Ref(1), address, len }.into()));
        }
        assert!(run(Sample::new().ins(Op::XLOAD, Type::I64, data(56), X)).is_ok());
    }

    #[test]
    fn stores_to_read_only_memory_are_not_judged() {
        let konst = Arg::K(Const::Ptr(SymPtr { region: RegionId(1), offset: 8 }));
        let address = DATA_BASE + 4104;
        let store = run(Sample::new().ins(Op::XSTORE, Type::I8, konst, kint(0)));
        assert_eq!(store, Err(Unjudged::ReadOnly { at: Ref(1), address }.into()));
        assert!(run(Sample::new().ins(Op::XLOAD, Type::I8, konst, X)).is_ok());
    }

    fn sload(ty: Type, letters: &str, slot: SlotValue) -> Option<u64> {
        first_value(Sample::new().slots(&[(5, slot)]).sload(ty, 5, letters))
    }

    #[test]
    fn a_checked_sload_takes_only_its_own_type() {
        let str_at_8 = SlotValue::Str(SymPtr { region: RegionId(0), offset: 8 });
        let nan = SlotValue::Num(0xfff8_0000_0000_0000);
        let all = [SlotValue::Nil, SlotValue::False, SlotValue::True, SlotValue::Int(-3), nan, str_at_8];
        let loaded = |ty| all.map(|v| sload(ty, "T", v));
        assert_eq!(loaded(Type::Int), [None, None, None, Some(0xffff_fffd), None, None]);
        assert_eq!(loaded(Type::Num), [None, None, None, None, Some(0xfff8_0000_0000_0000), None]);
        assert_eq!(loaded(Type::Str), [None, None, None, None, None, Some(DATA_BASE + 8)]);
    }

    #[test]
    fn an_unchecked_sload_reads_the_words_bits() {
        let slot = SlotValue::Num(0x4009_21fb_5444_2d18);
        assert_eq!(sload(Type::Int, "R", slot), Some(0x5444_2d18));
        assert_eq!(sload(Type::Num, "I", slot), Some(0x4009_21fb_5444_2d18));
        assert_eq!(sload(Type::Num, "", SlotValue::Nil), Some(TV_NIL));
    }

    #[test]
    fn a_converting_sload_checks_the_type_before_the_conversion() {
        let num = |x: f64| SlotValue::Num(x.to_bits());
        assert_eq!(sload(Type::Int, "TC", num(-0.0)), Some(0));
        assert_eq!(sload(Type::Int, "TC", num(-7.0)), Some(0xffff_fff9));
        assert_eq!(sload(Type::Int, "TC", num(7.5)), None);
        assert_eq!(sload(Type::Int, "TC", SlotValue::Int(7)), None);
        assert_eq!(sload(Type::Int, "C", num(7.9)), Some(7));
        assert_eq!(sload(Type::Num, "TC", SlotValue::Int(-7)), Some((-7f64).to_bits()));
        assert_eq!(sload(Type::Num, "TC", num(7.0)), None);
        assert_eq!(sload(Type::Num, "C", SlotValue::Int(-7)), Some((-7f64).to_bits()));
    }

    #[test]
    fn a_guarded_conversion_without_a_type_check_still_wants_an_integer() {
        let load = |x: f64| {
            let sample = Sample::new().slots(&[(5, SlotValue::Num(x.to_bits()))]);
            let mode = Arg::Lit(Lit::Sload(SloadMode { convert: true, ..SloadMode::default() }));
            first_value(sample.guard(Op::SLOAD, Type::Int, Arg::Lit(Lit::Slot(5)), mode))
        };
        assert_eq!([load(-2.0), load(2.5), load(1e10)], [Some(0xffff_fffe), None, None]);
    }

    #[test]
    fn an_unchecked_conversion_out_of_range_saturates_and_is_marked() {
        let case = Sample::new().slots(&[(5, SlotValue::Num(1e300f64.to_bits()))]).sload(Type::Int, 5, "C");
        let out = run(case.snap(&[(2, r(1))]).guard(Op::NE, Type::Int, kint(0), kint(0)).snap(&[])).expect("judged");
        assert_eq!((out.values[0].bits, out.unspecified), (0x7fff_ffff, vec![Unspecified::ConvRange]));
    }

    #[test]
    fn strref_skips_the_strings_header() {
        let slot = SlotValue::Str(SymPtr { region: RegionId(0), offset: 0 });
        let with = |index| {
            let sample = Sample::new().slots(&[(2, slot)]).sload(Type::Str, 2, "T");
            run(sample.ins(Op::STRREF, Type::P64, r(1), kint(index)).ins(Op::XLOAD, Type::U8, r(2), X))
        };
        assert!(with(39).is_ok());
        let address = DATA_BASE + 64;
        assert_eq!(with(40), Err(Unjudged::OutOfWorld { at: Ref(3), address, len: 1 }.into()));
        assert_eq!(with(-1), Err(Unjudged::Undefined { at: Ref(2), why: Undefined::StringIndex }.into()));
    }
}
