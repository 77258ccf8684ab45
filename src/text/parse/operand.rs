//! Operands: refs, constants by the class that is wanted, and literals by their table.

use super::input::NUM;
use super::object::{self, Part, inner, is_object, part};
use super::place::{POINTER, pointer};
use super::trace::Refs;
use crate::ir::lit::ALL_FPM;
use crate::ir::{ALL_FIELDS, Arg, BufMode, Callee, Class, Const, ConvCheck, ConvMode, Field, Helper, Lit, LitKind, Op};
use crate::ir::{OperandKind, Rule, SloadMode, TmprefMode, TostrMode, Type, XloadMode};
use crate::text::classes;
use crate::text::error::ParseError;
use crate::text::line::{Line, Word};
use crate::text::print_ir::{buf, tmpref, tostr};
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
    let word1 = match info.operands[0] {
        OperandKind::None => None,
        _ => Some(line.word("operand 1: a ref (0001) or a constant (+1)")?),
    };
    let literal2 = info.lit(1).map(|kind| literal(kind, ty, line)).transpose()?.unwrap_or(Arg::None);
    let class1 = classes::of_operands(op, ty, Arg::None, literal2).0;
    let op1 = match (word1, info.lit(0)) {
        (None, _) => Arg::None,
        (Some(word), Some(kind)) => Arg::Lit(numbered(kind, word)?),
        (Some(word), None) => value(word, class1, refs, world)?,
    };
    let class2 = classes::of_operands(op, ty, op1, literal2).1;
    let op2 = match info.operands[1] {
        OperandKind::Ref if has_no_operand_2(info.rule, ty, line) => Arg::None,
        // `-jdump` does not print it.
        OperandKind::Ref if op == Op::CNEW && line.peek().text.is_empty() => Arg::K(Const::Pri(Type::Nil)),
        OperandKind::Ref => value(line.word("operand 2: a ref (0001) or a constant (+1)")?, class2, refs, world)?,
        _ => literal2,
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
    match word.text {
        "NULL" => return Ok(Const::Null),
        "nil" => return Ok(Const::Pri(Type::Nil)),
        "false" => return Ok(Const::Pri(Type::False)),
        "true" => return Ok(Const::Pri(Type::True)),
        text if is_object(text) => return object::object(word, world).map(Const::Gc),
        _ => {}
    }
    if let Some(inner) = inner(word, "[[", "]]") {
        return pointer(inner, world).map(Const::KPtr);
    }
    if let Some(inner) = inner(word, "[", "]") {
        return address(inner, world);
    }
    if let Some(name) = word.text.strip_prefix("ctype:") {
        return object::ctype(word.behind(word.text.len() - name.len())).map(Const::Ctype);
    }
    if word.text.ends_with(']') {
        return node(word, world);
    }
    number(word, class)
}

/// What stands in brackets: a place of the VM, a helper or a pointer into a region.
fn address(word: Word, world: &World) -> Result<Const, ParseError> {
    match word.text {
        "tmpbuf" => Ok(Const::TmpBuf),
        "niltv" => Ok(Const::NilTv),
        text => match text.strip_prefix("helper:") {
            Some(name) => {
                let known = Helper::from_name(name).map(Const::Helper);
                known.ok_or_else(|| word.behind(text.len() - name.len()).unexpected("the name of a helper"))
            }
            None => pointer(word, world).map(Const::Ptr),
        },
    }
}

/// A table's place for a key: `t["a"]`.
fn node(word: Word, world: &World) -> Result<Const, ParseError> {
    match part(word)? {
        (name, Part::Key(key)) => Ok(Const::KSlot(object::named(name, world)?, object::key(key, world)?)),
        _ => Err(word.unexpected("a table's place for a key (t[\"a\"])")),
    }
}

fn number(word: Word, class: Option<Class>) -> Result<Const, ParseError> {
    if let Some(i) = text::parse_marked_int64(word.text) {
        return Ok(Const::Int64(i));
    }
    let (constant, expected) = match class.unwrap_or_else(|| class_by_form(word.text)) {
        Class::W64 => (text::parse_int64(word.text).map(Const::Int64), INT64),
        Class::Num => (text::parse_num(word.text).map(Const::Num), NUM),
        _ => (text::parse_int(word.text).map(Const::Int), INT),
    };
    constant.ok_or_else(|| word.unexpected(format!("a ref (0001), {POINTER} in brackets, or {expected}")))
}

/// A number has a point, an exponent, all bits or a name; `-jdump` prints -0 for the number only.
fn class_by_form(text: &str) -> Class {
    if is_num(text) { Class::Num } else { Class::W32 }
}

/// True for the form of a number.
pub(super) fn is_num(text: &str) -> bool {
    text.len() == "0x".len() + 16 && text.starts_with("0x")
        || !text.starts_with("0x") && text.contains(['.', 'e', 'E'])
        || matches!(text, "bias" | "+inf" | "-inf" | "-0")
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
        LitKind::Upvalue => number.number("an upvalue's index (#0)").map(Lit::Upvalue),
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
        LitKind::Num | LitKind::Slot | LitKind::Upvalue => numbered(kind, line.word("a number (#2)")?)?,
        LitKind::Field => {
            let word = line.word("a field (tab.meta)")?;
            let names = || ALL_FIELDS.iter().map(|f| f.text()).collect::<Vec<_>>().join(" ");
            Lit::Field(Field::from_text(word.text).ok_or_else(|| word.unexpected(names()))?)
        }
        LitKind::Callee => {
            let word = line.word("the name of a C function")?;
            let known = Callee::from_name(word.text);
            Lit::Callee(known.ok_or_else(|| word.unexpected("a C function that traces call (lj_tab_len)"))?)
        }
        LitKind::Tmpref => Lit::Tmpref(tmpref_mode(line)?),
        LitKind::Buf => Lit::Buf(mode(line, [BufMode::Reset, BufMode::Append], buf, "RESET or APPEND")?),
        LitKind::Tostr => {
            let all = [TostrMode::Int, TostrMode::Num, TostrMode::Char];
            Lit::Tostr(mode(line, all, tostr, "INT, NUM or CHAR")?)
        }
    }))
}

fn mode<T: Copy, const N: usize>(
    line: &mut Line,
    all: [T; N],
    name: fn(T) -> &'static str,
    expected: &str,
) -> Result<T, ParseError> {
    let word = line.word(expected)?;
    all.into_iter().find(|m| name(*m) == word.text).ok_or_else(|| word.unexpected(expected))
}

/// There may be none.
fn tmpref_mode(line: &mut Line) -> Result<TmprefMode, ParseError> {
    if line.peek().text.is_empty() {
        return Ok(TmprefMode::default());
    }
    let all = [(true, false), (false, true), (true, true)].map(|(in1, out1)| TmprefMode { in1, out1 });
    mode(line, all, tmpref, "IN, OUT or INOUT")
}

fn sload(line: &mut Line) -> Result<SloadMode, ParseError> {
    let mut m = SloadMode::default();
    let SloadMode { typecheck, convert, readonly, inherit, parent } = &mut m;
    let fields = [('P', parent), ('T', typecheck), ('C', convert), ('R', readonly), ('I', inherit)];
    letters(line, fields, "mode letters P T C R I")?;
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
