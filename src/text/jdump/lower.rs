//! From the instructions of a dump to those of a case: what stands for addresses and objects of the VM gets a name in the case's world, and
//! what asks about the VM itself goes.

use super::objects::Objects;
use super::places::{Places, is_address};
use super::read::{Dump, Entry, Row, reference};
use super::{ImportError, at_line};
use crate::ir::{ALL_HELPERS, Callee, Class, Helper, Op, Type};
use std::collections::{BTreeMap, BTreeSet};

/// Refs of instructions that the dump does not print.
const FIRST_NEW: u16 = 50_000;

/// What a trace became.
pub(super) struct Lowered {
    /// Instructions and snapshots as a `.trace` file has them.
    pub entries: Vec<Entry>,
    /// Assumptions.
    pub told: Vec<String>,
    /// Plain memory.
    pub places: Places,
    /// Objects.
    pub objects: Objects,
    /// Slots that are loaded: type and whether the load converts.
    pub slots: BTreeMap<u8, (Type, bool)>,
}

/// Rewrites all of it.
pub(super) fn lower(dump: &Dump) -> Result<Lowered, ImportError> {
    let mut lower = Lower {
        dump,
        types: dump.rows().map(|row| (row.number, row.ty)).collect(),
        dropped: BTreeSet::new(),
        out: Vec::new(),
        told: Vec::new(),
        places: Places::new(dump),
        objects: Objects::default(),
        slots: BTreeMap::new(),
        next: FIRST_NEW,
    };
    for entry in &dump.entries {
        lower.entry(entry)?;
    }
    let Lower { out: entries, mut told, places, objects, slots, dropped, .. } = lower;
    let left: Vec<_> = dropped.iter().map(|number| format!("{number:04}")).collect();
    if !left.is_empty() {
        told.push(format!("left out, with their guards: {} (they ask about the VM, not about values)", left.join(" ")));
    }
    Ok(Lowered { entries, told, places, objects, slots })
}

struct Lower<'a> {
    dump: &'a Dump,
    types: BTreeMap<u16, Type>,
    /// Instructions that are left out.
    dropped: BTreeSet<u16>,
    out: Vec<Entry>,
    told: Vec<String>,
    places: Places,
    objects: Objects,
    slots: BTreeMap<u8, (Type, bool)>,
    next: u16,
}

type Done = Result<(), ImportError>;

impl Lower<'_> {
    fn entry(&mut self, entry: &Entry) -> Done {
        match entry {
            Entry::Loop(_) => self.out.push(entry.clone()),
            Entry::Snap(line, entries) => {
                let entries = entries.iter().map(|word| self.snapshot_value(word)).collect();
                self.out.push(Entry::Snap(*line, entries));
            }
            Entry::Row(row) => self.row(row)?,
        }
        Ok(())
    }

    /// What a snapshot holds, where a case's can: frames and what was left out are not restored.
    fn snapshot_value(&mut self, word: &str) -> String {
        let known = match reference(word) {
            Some(number) => !self.is_dropped(number) && !self.places.is_base(number),
            None => word.starts_with(['+', '-', '"']) && word != "----" || matches!(word, "nil" | "true" | "false"),
        };
        if known { self.constant(word, Type::Nil) } else { "----".into() }
    }

    fn row(&mut self, row: &Row) -> Done {
        match row.op.as_str() {
            "NOP" | "BASE" | "RENAME" => self.drop_row(row),
            "PHI" if row.sunk => self.drop_row(row),
            "PVAL" => {
                let told = format!(
                    "{:04} {}: what the parent trace computed is loaded from memory",
                    row.number,
                    row.ty.text()
                );
                self.told.push(told);
                self.cell_load(row, row.number)
            }
            "SLOAD" | "ALOAD" | "HLOAD" | "ULOAD" if self.places.is_base(row.number) => self.base(row),
            _ if self.uses_dropped(row) => self.severed(row),
            "SLOAD" => self.sload(row),
            "FLOAD" => self.fload(row),
            op if op.starts_with("CALL") => self.call(row),
            _ => self.plain(row),
        }
    }

    fn drop_row(&mut self, row: &Row) -> Done {
        self.dropped.insert(row.number);
        Ok(())
    }

    fn keep(&mut self, row: Row) -> Done {
        self.out.push(Entry::Row(row));
        Ok(())
    }

    fn uses_dropped(&self, row: &Row) -> bool {
        row.args.iter().filter_map(|arg| reference(arg)).any(|number| self.is_dropped(number))
    }

    /// Whether a ref has no value any more; 0 is the frame.
    fn is_dropped(&self, number: u16) -> bool {
        number == 0 || self.dropped.contains(&number)
    }

    /// An instruction that uses what was left out: it goes as well, or becomes an access to plain memory.
    fn severed(&mut self, row: &Row) -> Done {
        let is_value = matches!(row.ty.class(), Class::W32 | Class::Num);
        match row.op.as_str() {
            "ALOAD" | "HLOAD" | "ULOAD" | "VLOAD" if is_value => {
                let address = row.reference(0).unwrap_or(row.number);
                self.cell_load(row, address)
            }
            "ASTORE" | "HSTORE" | "USTORE" if is_value => self.cell_store(row),
            "ASTORE" | "HSTORE" | "USTORE" | "FSTORE" | "TBAR" | "OBAR" | "USE" | "PHI" => self.drop_row(row),
            "EQ" | "NE" | "ALOAD" | "HLOAD" | "ULOAD" | "VLOAD" | "AREF" | "HREF" | "HREFK" | "UREFO" | "UREFC"
            | "FREF" | "FLOAD" | "ALEN" | "ABC" | "TMPREF" | "SUB" | "ULT" | "UGE" | "UGT" | "ULE" => {
                self.drop_row(row)
            }
            op => {
                let of: Vec<_> =
                    row.args.iter().filter(|arg| reference(arg).is_some_and(|n| self.is_dropped(n))).cloned().collect();
                let why =
                    format!("{op} uses {}, which depends on the VM's own objects: not supported", of.join(" and "));
                Err(at_line(self.dump, row.line, why))
            }
        }
    }

    /// A value from outside: loaded from a cell of plain memory that stands for the address.
    fn cell_load(&mut self, row: &Row, address: u16) -> Done {
        let cell = if row.ty == Type::P64 { self.places.pointer() } else { self.places.cell(address) };
        self.keep(Row { guard: false, op: "XLOAD".into(), args: vec![cell], ..row.clone() })
    }

    fn cell_store(&mut self, row: &Row) -> Done {
        let cell = self.places.cell(row.reference(0).unwrap_or(row.number));
        let value = self.constant(row.arg(1), row.ty);
        self.keep(Row { op: "XSTORE".into(), args: vec![cell, value], ..row.clone() })
    }

    fn sload(&mut self, row: &Row) -> Done {
        let slot: Option<u8> = row.arg(0).strip_prefix('#').and_then(|n| n.parse().ok());
        let slot = slot.ok_or_else(|| at_line(self.dump, row.line, "no slot (#2)"))?;
        let letters = row.arg(1);
        // The frame: the running function, what it returns to, the hidden counter of a loop over keys.
        if slot < 2 || letters.contains(['F', 'K']) {
            return self.drop_row(row);
        }
        let mode: String = letters.chars().filter(|c| *c != 'P').collect();
        if mode != letters {
            self.told.push(format!(
                "{:04}: what the parent trace has in slot #{slot} is loaded from the Lua stack",
                row.number
            ));
        }
        if row.ty == Type::Cdata && self.places.is_pointer_cdata(row.number) {
            return self.drop_row(row);
        }
        if row.ty.class() == Class::Gc {
            self.objects.of_slot(self.dump, row, slot);
        }
        // The hidden copy is checked where nothing else is known of it.
        self.slots.entry(slot).or_insert((row.ty, mode.contains('C')));
        let args = if mode.is_empty() { vec![row.args[0].clone()] } else { vec![row.args[0].clone(), mode] };
        self.keep(Row { args, ..row.clone() })
    }

    /// A cdata whose address is computed with.
    fn base(&mut self, row: &Row) -> Done {
        self.told
            .push(format!("{:04} cdt {} is a base of addresses: a pointer, loaded from memory", row.number, row.op));
        let cell = self.places.pointer();
        self.keep(Row { guard: false, ty: Type::P64, op: "XLOAD".into(), args: vec![cell], ..row.clone() })
    }

    fn fload(&mut self, row: &Row) -> Done {
        let (of, field) = (row.reference(0), row.arg(1));
        let Some(of) = of else { return self.drop_row(row) };
        match field {
            "cdata.ctypeid" if self.places.is_base(of) => self.drop_row(row),
            "cdata.ptr" if !self.objects.is_known(of) => self.cell_load(row, row.number),
            "func.env" | "func.pc" | "func.ffid" | "thread.env" => self.drop_row(row),
            _ => self.plain(row),
        }
    }

    /// An instruction that stays what it is.
    fn plain(&mut self, row: &Row) -> Done {
        self.objects.learn(self.dump, row);
        let mut row = row.clone();
        match row.op.as_str() {
            // LuaJIT marks checks that hold for all iterations by this type.
            "ABC" => row.ty = Type::Int,
            "XLOAD" => {
                let letters: String = row.arg(1).chars().filter(|c| *c != 'U').collect();
                row.args.truncate(1);
                row.args.extend((!letters.is_empty()).then_some(letters));
            }
            "HREFK" => {
                let key = self.constant(row.arg(1), Type::Nil);
                row.args = vec![row.args[0].clone(), self.objects.node(&row, &key)];
            }
            "CNEWI" | "CNEW" => {
                let value = row.reference(1).and_then(|number| self.types.get(&number).copied());
                row.args[0] = format!("ctype:{}", ctype(row.arg(0), value));
            }
            "EQ" | "NE" if row.reference(0).is_some_and(|number| self.objects.is_ctype(number)) => {
                row.args[1] = format!("ctype:{}", ctype(row.arg(1), None));
            }
            "BUFHDR" if is_address(row.arg(0)) => row.args[0] = "[tmpbuf]".into(),
            _ => {}
        }
        let ty = row.ty;
        let first = if matches!(row.op.as_str(), "HREFK" | "CNEWI" | "CNEW") { 2 } else { 0 };
        for n in first..row.args.len() {
            row.args[n] = self.constant(&row.args[n].clone(), ty);
        }
        self.widen(&mut row)?;
        self.keep(row)
    }

    /// On x64 a 32-bit value is a 64-bit one as it is; here it is converted, as ARM64's recorder does it.
    fn widen(&mut self, row: &mut Row) -> Done {
        let Some(op) = Op::from_name(&row.op) else { return Ok(()) };
        let (first, second) = op.info().rule.operand_classes(row.ty);
        for (n, class) in [first, second].into_iter().enumerate() {
            let narrow = row.reference(n).filter(|number| self.types.get(number).is_some_and(|ty| ty.is_w32()));
            let (Some(Class::W64), Some(of)) = (class, narrow) else { continue };
            let number = self.new_number();
            let (args, line) = (vec![format!("{of:04}"), "i64.int".to_string()], row.line);
            let (guard, sunk) = (false, false);
            self.keep(Row { line, number, guard, sunk, ty: Type::I64, op: "CONV".into(), args })?;
            self.told.push(format!("{:04}: {of:04} is widened by a CONV, which x64 does without", row.number));
            row.args[n] = number.to_string();
        }
        Ok(())
    }

    fn new_number(&mut self) -> u16 {
        self.next += 1;
        self.next
    }

    /// An operand as a `.trace` file has it: addresses and objects by their name in the world.
    fn constant(&mut self, word: &str, ty: Type) -> String {
        if reference(word).is_some() || word.starts_with(['+', '-', '#']) {
            return word.into();
        }
        if is_address(word) {
            return self.places.address(word).unwrap_or_else(|| word.into());
        }
        self.objects.constant(word, ty).unwrap_or_else(|| word.into())
    }

    /// A call: its arguments, which a dump shows in parentheses, in lines of their own.
    fn call(&mut self, row: &Row) -> Done {
        let (target, args) = row.args.split_first().ok_or_else(|| at_line(self.dump, row.line, "no function"))?;
        let args: Vec<String> = args.iter().map(|arg| self.constant(arg, Type::Nil)).collect();
        let target = match row.op.as_str() {
            "CALLXS" => self.helper(row, args.len())?,
            _ if Callee::from_name(target).is_some() => target.clone(),
            _ => return Err(at_line(self.dump, row.line, format!("{target} is no function that cases call"))),
        };
        let mut last = args.first().cloned().unwrap_or_else(|| "nil".into());
        for arg in args.iter().skip(1) {
            let number = self.new_number();
            let carg = Row {
                number,
                guard: false,
                ty: Type::Nil,
                op: "CARG".into(),
                args: vec![last, arg.clone()],
                ..row.clone()
            };
            self.keep(carg)?;
            last = number.to_string();
        }
        self.keep(Row { args: vec![last, target], ..row.clone() })
    }

    /// A helper with the result and the arguments of a foreign function.
    fn helper(&mut self, row: &Row, count: usize) -> Result<String, ImportError> {
        let class = |word: &str| match reference(word).and_then(|number| self.types.get(&number)) {
            Some(ty) => Some(ty.class()),
            None if word.contains(['.', 'e', '[', '{', '"']) => None,
            None => Some(Class::W32),
        };
        let given: Vec<_> = row.args.iter().skip(1).map(|word| class(word)).collect();
        let fits = |helper: &&Helper| {
            let same = |(ty, class): (&Type, &Option<Class>)| class.is_some_and(|class| class == ty.class());
            helper.ret() == row.ty && helper.args().len() == count && helper.args().iter().zip(&given).all(same)
        };
        match ALL_HELPERS.iter().find(fits) {
            Some(helper) => {
                self.told.push(format!("{:04}: the foreign function is a helper, {}", row.number, helper.name()));
                Ok(format!("[helper:{}]", helper.name()))
            }
            None => Err(at_line(self.dump, row.line, "no helper has such arguments and such a result")),
        }
    }
}

/// The name of a C type by its number (`lj_ctype.h`, `CTTYDEFINFO`), else by a value of it.
fn ctype(number: &str, value: Option<Type>) -> &'static str {
    match (number.trim_start_matches('+'), value) {
        ("9", _) => "int32",
        ("11", _) => "int64",
        ("12", _) => "uint64",
        ("14", _) => "double",
        ("17" | "18" | "19", _) => "pointer",
        (_, Some(Type::P64)) => "pointer",
        (_, Some(Type::U64)) => "uint64",
        (_, Some(Type::Num)) => "double",
        (_, Some(ty)) if ty.is_w32() => "int32",
        _ => "int64",
    }
}
