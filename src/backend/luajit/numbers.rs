//! A build's own numbers: opcodes, types and literals looked up by name, once.

use crate::case::OptFlags;
use crate::ir::{
    ALL_CALLEES, ALL_FIELDS, ALL_OPS, ALL_TYPES, BufMode, Callee, ConvCheck, ConvMode, Field, Fpm, Op, SloadMode,
    TmprefMode, TostrMode, Type, XloadMode, lit,
};
use luajit_arm64_sys::{OpKind, Opts, Tables};

/// The numbers of one build.
#[derive(Clone, Debug)]
pub struct Numbers {
    ops: Vec<Option<u8>>,
    types: Vec<u8>,
    fpm: Vec<Option<u8>>,
    guard: u8,
    sload: [u16; 5],
    xload: [u16; 2],
    conv_dsh: u16,
    conv_sext: u16,
    conv_checks: [u16; 4],
    fields: Vec<Option<u8>>,
    callees: Vec<Option<u32>>,
    /// Releases before 2022 have no modes of it.
    tmpref: Option<[u16; 2]>,
    buf: [u16; 2],
    tostr: [u16; 3],
    wide_counts: bool,
    /// By opcode: it does something besides giving a value.
    effects: Vec<bool>,
    opts: Opts,
}

impl Numbers {
    /// Looks everything up. Fails, naming it, when a build lacks what every LuaJIT has.
    pub fn look_up(tables: &Tables) -> Result<Numbers, String> {
        let value = |name: &str| tables.value(name).ok_or_else(|| format!("this LuaJIT has no {name}"));
        let bits = |name: &str| value(name).and_then(|v| u16::try_from(v).map_err(|_| format!("{name} is {v}")));
        let types = ALL_TYPES
            .iter()
            .map(|t| tables.ir_type(t.lj_name()).ok_or_else(|| format!("this LuaJIT has no IRT_{}", t.lj_name())))
            .collect::<Result<_, _>>()?;
        let numbers = Numbers {
            ops: ALL_OPS.iter().map(|op| tables.op(op.name())).collect(),
            types,
            fpm: lit::ALL_FPM.iter().map(|(_, name, _)| tables.fpmath(name)).collect(),
            guard: u8::try_from(value("IRT_GUARD")?).map_err(|e| format!("IRT_GUARD: {e}"))?,
            sload: [
                bits("IRSLOAD_TYPECHECK")?,
                bits("IRSLOAD_CONVERT")?,
                bits("IRSLOAD_READONLY")?,
                bits("IRSLOAD_INHERIT")?,
                bits("IRSLOAD_PARENT")?,
            ],
            xload: [bits("IRXLOAD_READONLY")?, bits("IRXLOAD_VOLATILE")?],
            conv_dsh: bits("IRCONV_DSH")?,
            conv_sext: bits("IRCONV_SEXT")?,
            conv_checks: [0, bits("IRCONV_ANY")?, bits("IRCONV_INDEX")?, bits("IRCONV_CHECK")?],
            fields: ALL_FIELDS.iter().map(|f| tables.field(f.lj_name())).collect(),
            callees: ALL_CALLEES.iter().map(|c| tables.call(c.name())).collect(),
            tmpref: bits("IRTMPREF_IN1").and_then(|in1| Ok([in1, bits("IRTMPREF_OUT1")?])).ok(),
            buf: [bits("IRBUFHDR_RESET")?, bits("IRBUFHDR_APPEND")?],
            tostr: [bits("IRTOSTR_INT")?, bits("IRTOSTR_NUM")?, bits("IRTOSTR_CHAR")?],
            // The function came with the recorder that leaves counts as they are, in 210.7.0.
            wide_counts: tables.calls.iter().any(|call| call.name == "lj_vm_num2u64"),
            effects: tables.ops.iter().map(|op| op.kind == OpKind::Store).collect(),
            opts: tables.opts,
        };
        Ok(numbers)
    }

    /// The opcode's number.
    pub fn op(&self, op: Op) -> Result<u8, String> {
        self.ops[op as usize].ok_or_else(|| format!("this LuaJIT has no IR_{}", op.name()))
    }

    /// True where the recorder leaves counts of 64 bit shifts as they are (`lj_crecord.c: recff_bit64_shift`); before, it made them int.
    pub fn wide_counts(&self) -> bool {
        self.wide_counts
    }

    /// The type's number, with the guard bit.
    pub fn ty(&self, ty: Type, guard: bool) -> u8 {
        self.types[ty as usize] | if guard { self.guard } else { 0 }
    }

    /// True for the type byte of a guard.
    pub fn is_guard(&self, type_byte: u8) -> bool {
        type_byte & self.guard != 0
    }

    /// True for an opcode that stores or has another side effect.
    pub fn is_effect(&self, op: u8) -> bool {
        self.effects.get(usize::from(op)).is_some_and(|effect| *effect)
    }

    /// True for a type byte of the type, whatever its flags.
    pub fn is(&self, type_byte: u8, ty: Type) -> bool {
        type_byte & 0x1f == self.types[ty as usize]
    }

    /// The function's number; releases before 2020 lack none of ours.
    pub fn fpm(&self, fpm: Fpm) -> Result<u16, String> {
        self.fpm[fpm as usize].map(u16::from).ok_or_else(|| format!("this LuaJIT has no IRFPM_{}", fpm.lj_name()))
    }

    /// `SLOAD`'s mode.
    pub fn sload(&self, m: SloadMode) -> u16 {
        let on = [m.typecheck, m.convert, m.readonly, m.inherit, m.parent];
        self.sload.iter().zip(on).filter(|(_, on)| *on).fold(0, |bits, (bit, _)| bits | bit)
    }

    /// The field's number.
    pub fn field(&self, field: Field) -> Result<u16, String> {
        self.fields[field as usize].map(u16::from).ok_or_else(|| format!("this LuaJIT has no field {}", field.text()))
    }

    /// The C function's number.
    pub fn callee(&self, callee: Callee) -> Result<u16, String> {
        let id = self.callees[callee as usize].and_then(|id| u16::try_from(id).ok());
        id.ok_or_else(|| format!("this LuaJIT has no call of {}", callee.name()))
    }

    /// `TMPREF`'s mode.
    pub fn tmpref(&self, m: TmprefMode) -> Result<u16, String> {
        let [in1, out1] = self.tmpref.ok_or("this LuaJIT has no modes of TMPREF")?;
        Ok(if m.in1 { in1 } else { 0 } | if m.out1 { out1 } else { 0 })
    }

    /// `BUFHDR`'s mode.
    pub fn buf(&self, m: BufMode) -> u16 {
        self.buf[m as usize]
    }

    /// `TOSTR`'s mode.
    pub fn tostr(&self, m: TostrMode) -> u16 {
        self.tostr[m as usize]
    }

    /// `XLOAD`'s mode.
    pub fn xload(&self, m: XloadMode) -> u16 {
        let on = [m.readonly, m.volatile];
        self.xload.iter().zip(on).filter(|(_, on)| *on).fold(0, |bits, (bit, _)| bits | bit)
    }

    /// `CONV`'s types and mode.
    pub fn conv(&self, dst: Type, m: ConvMode) -> u16 {
        let types = u16::from(self.ty(dst, false)) << self.conv_dsh | u16::from(self.ty(m.src, false));
        let check = match m.check {
            ConvCheck::Plain => self.conv_checks[0],
            ConvCheck::Any => self.conv_checks[1],
            ConvCheck::Index => self.conv_checks[2],
            ConvCheck::Check => self.conv_checks[3],
        };
        types | check | if m.sext { self.conv_sext } else { 0 }
    }

    /// The switches of a case, as far as this build has them.
    pub fn opts(&self, flags: &OptFlags) -> Opts {
        let on = flags.list().into_iter().filter(|(_, on)| *on);
        let known = on.filter_map(|(name, _)| Opts::from_name(name)).filter(|o| self.opts.contains(*o));
        known.fold(Opts::NONE, |all, o| all | o)
    }

    /// True where multiply and add may be fused: the switch is on, or the release has none and always fuses.
    pub fn may_fuse_fma(&self, flags: &OptFlags) -> bool {
        flags.fma || !self.opts.contains(Opts::FMA)
    }
}
