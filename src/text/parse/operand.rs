//! Operands: refs, constants by the class that is wanted, and literals by their table.

use super::input::NUM;
use super::place::{POINTER, pointer};
use super::trace::Refs;
use crate::ir::lit::ALL_FPM;
use crate::ir::{Arg, Class, Const, ConvCheck, ConvMode, Lit, LitKind, Op, OperandKind, Rule};
use crate::ir::{SloadMode, Type, XloadMode};
use crate::text::error::ParseError;
use crate::text::line::{Line, Word};
use crate::text::value as text;
use crate::world::World;

/// Both operands of an instruction.
pub(super) fn operands(
    op: Op,
    ty: Type,
    line: &mut Line,
    refs: &Refs,
    world: &World,
) -> Result<(Arg, Arg), ParseError> {
    let info = op.info();
    let (class1, class2) = match info.rule.operand_classes(ty) {
        // The second operand of NEG and ABS, if there is one, repeats the first.
        (class1, None) => (class1, class1),
        classes => classes,
    };
    let word1 = match info.operands[0] {
        OperandKind::None => None,
        _ => Some(line.word("operand 1: a ref (0001) or a constant (+1)")?),
    };
    let op2 = match (info.operands[1], info.lit(1)) {
        (_, Some(kind)) => literal(kind, ty, line)?,
        (OperandKind::Ref, None) if has_no_operand_2(info.rule, ty, line) => Arg::None,
        (OperandKind::Ref, None) => {
            value(line.word("operand 2: a ref (0001) or a constant (+1)")?, class2, refs, world)?
        }
        _ => Arg::None,
    };
    let op1 = match (word1, info.lit(0), op2) {
        (None, ..) => Arg::None,
        (Some(word), Some(kind), _) => Arg::Lit(numbered(kind, word)?),
        // A conversion's mode says what it takes.
        (Some(word), None, Arg::Lit(Lit::Conv(mode))) => value(word, Some(mode.src.class()), refs, world)?,
        (Some(word), None, _) => value(word, class1, refs, world)?,
    };
    Ok((op1, op2))
}

/// NEG and ABS do without. What `-jdump` prints for numbers, the address of a sign mask, is skipped.
fn has_no_operand_2(rule: Rule, ty: Type, line: &mut Line) -> bool {
    let optional = matches!(rule, Rule::Neg | Rule::NumMask);
    let mask = optional && ty == Type::Num && line.peek().text.starts_with("[0x");
    if mask {
        line.next();
    }
    mask || optional && line.peek().text.is_empty()
}

/// A ref or a constant. Without a class (in snapshots), a constant's form tells what it is.
pub(super) fn value(word: Word, class: Option<Class>, refs: &Refs, world: &World) -> Result<Arg, ParseError> {
    if word.text.bytes().all(|b| b.is_ascii_digit()) {
        return refs.get(word);
    }
    constant(word, class, world).map(Arg::K)
}

fn constant(word: Word, class: Option<Class>, world: &World) -> Result<Const, ParseError> {
    let len = word.text.len();
    let bracketed = |open: &str, close: &str| {
        let inside = len > open.len() + close.len() && word.text.starts_with(open) && word.text.ends_with(close);
        inside.then(|| word.before(len - close.len()).behind(open.len()))
    };
    if let Some(inner) = bracketed("[[", "]]") {
        return pointer(inner, world).map(Const::KPtr);
    }
    if let Some(inner) = bracketed("[", "]") {
        return pointer(inner, world).map(Const::Ptr);
    }
    match word.text {
        "NULL" => Ok(Const::Null),
        "nil" => Ok(Const::Pri(Type::Nil)),
        "false" => Ok(Const::Pri(Type::False)),
        "true" => Ok(Const::Pri(Type::True)),
        _ => number(word, class),
    }
}

fn number(word: Word, class: Option<Class>) -> Result<Const, ParseError> {
    let (constant, expected) = match class.unwrap_or_else(|| class_by_form(word.text)) {
        Class::W64 => (text::parse_int64(word.text).map(Const::Int64), INT64),
        Class::Num => (text::parse_num(word.text).map(Const::Num), NUM),
        _ => (text::parse_int(word.text).map(Const::Int), INT),
    };
    constant.ok_or_else(|| word.unexpected(format!("a ref (0001), {POINTER} in brackets, or {expected}")))
}

/// A number has a point, an exponent, all bits or a name; `-jdump` prints -0 for the number only.
fn class_by_form(text: &str) -> Class {
    let num = text.len() == "0x".len() + 16 && text.starts_with("0x")
        || !text.starts_with("0x") && text.contains(['.', 'e', 'E'])
        || matches!(text, "bias" | "+inf" | "-inf" | "-0");
    if num { Class::Num } else { Class::W32 }
}

const INT: &str = "an integer of 32 bits (+3, -8)";
const INT64: &str = "an integer of 64 bits (+3, -8, 0xff)";

/// A literal of one word: `#2`.
fn numbered(kind: LitKind, word: Word) -> Result<Lit, ParseError> {
    let expected = "a number (#2)";
    let digits = word.text.strip_prefix('#').ok_or_else(|| word.unexpected(expected))?;
    let number = word.behind(word.text.len() - digits.len());
    match kind {
        LitKind::Slot => number.number("a slot (#2)").map(Lit::Slot),
        _ => number.number(expected).map(Lit::Num),
    }
}

fn literal(kind: LitKind, ty: Type, line: &mut Line) -> Result<Arg, ParseError> {
    Ok(Arg::Lit(match kind {
        LitKind::Sload => Lit::Sload(sload(line)?),
        LitKind::Xload => Lit::Xload(xload(line)?),
        LitKind::Conv => Lit::Conv(conv(ty, line)?),
        LitKind::Fpm => {
            let word = line.word("a math function")?;
            let known = ALL_FPM.iter().find(|(_, _, name)| *name == word.text);
            Lit::Fpm(known.ok_or_else(|| word.unexpected("floor, ceil, trunc, sqrt, log or log2"))?.0)
        }
        LitKind::Num | LitKind::Slot => numbered(kind, line.word("a number (#2)")?)?,
        LitKind::Field | LitKind::Callee | LitKind::Upvalue | LitKind::Tmpref | LitKind::Buf | LitKind::Tostr => {
            return Err(line.word("a literal")?.unexpected("a literal that this version reads"));
        }
    }))
}

fn sload(line: &mut Line) -> Result<SloadMode, ParseError> {
    let mut m = SloadMode::default();
    let fields = [('T', &mut m.typecheck), ('C', &mut m.convert), ('R', &mut m.readonly), ('I', &mut m.inherit)];
    letters(line, fields, "mode letters T C R I")?;
    Ok(m)
}

fn xload(line: &mut Line) -> Result<XloadMode, ParseError> {
    let mut m = XloadMode::default();
    letters(line, [('R', &mut m.readonly), ('V', &mut m.volatile)], "mode letters R V")?;
    Ok(m)
}

/// Mode letters, each at most once; there may be none.
fn letters<const N: usize>(
    line: &mut Line,
    mut fields: [(char, &mut bool); N],
    expected: &str,
) -> Result<(), ParseError> {
    let Some(word) = line.next() else { return Ok(()) };
    for letter in word.text.chars() {
        match fields.iter_mut().find(|(l, on)| *l == letter && !**on) {
            Some((_, on)) => **on = true,
            None => return Err(word.unexpected(expected)),
        }
    }
    Ok(())
}

/// `i64.int sext`: the instruction's type, the source's type, and modes.
fn conv(ty: Type, line: &mut Line) -> Result<ConvMode, ParseError> {
    let word = line.word("a conversion (num.int)")?;
    let expected = || word.unexpected(format!("a conversion to {0} ({0}.int)", ty.text()));
    let (dst, src) = word.text.split_once('.').ok_or_else(expected)?;
    let src = Type::from_text(src).filter(|_| dst == ty.text()).ok_or_else(expected)?;
    let sext = line.peek().text == "sext";
    if sext {
        line.next();
    }
    let check = match line.next() {
        None => ConvCheck::Plain,
        Some(w) if w.text == "none" => ConvCheck::Any,
        Some(w) if w.text == "index" => ConvCheck::Index,
        Some(w) if w.text == "check" => ConvCheck::Check,
        Some(w) => return Err(w.unexpected("sext, none, index or check")),
    };
    Ok(ConvMode { src, sext, check })
}
