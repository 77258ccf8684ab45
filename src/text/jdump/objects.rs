//! Objects of the shape that a trace asks for: tables with the keys it looks up, functions and strings it compares with, boxed numbers.

use super::read::{Dump, Row, reference};
use crate::ir::Type;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Slots of an array part, where the trace does not ask for more.
const ARRAY: u32 = 24;

/// What a ref gives, as far as objects are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// This object.
    Object(usize),
    /// A part or a size of it.
    Part(usize),
    /// A place in its array part.
    Array(usize),
    /// A place in its hash part, by the key.
    Hash(usize, String),
    /// The number of its C type.
    Ctype,
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Table { asize: u32, hbits: u32, keys: Vec<String>, array: String, hash: BTreeMap<String, String> },
    Func,
    Str(String),
    Cdata(&'static str),
    Udata,
}

/// All objects of a trace.
#[derive(Default)]
pub(super) struct Objects {
    kinds: Vec<(String, Kind)>,
    owners: BTreeMap<u16, Owner>,
    /// Constants by what the dump calls them.
    named: BTreeMap<String, usize>,
    /// The object in a slot.
    slots: BTreeMap<u8, usize>,
}

impl Objects {
    /// What a ref gives.
    pub fn owner(&self, number: u16) -> Option<&Owner> {
        self.owners.get(&number)
    }

    /// Whether a ref is an object of the world.
    pub fn is_known(&self, number: u16) -> bool {
        matches!(self.owner(number), Some(Owner::Object(_)))
    }

    /// Whether a ref is the number of an object's C type.
    pub fn is_ctype(&self, number: u16) -> bool {
        self.owner(number) == Some(&Owner::Ctype)
    }

    /// The object that a slot holds. Loads of one slot give one object.
    pub fn of_slot(&mut self, dump: &Dump, row: &Row, slot: u8) {
        let id = match self.slots.get(&slot) {
            Some(id) => *id,
            None => self.wanted(dump, row, &format!("{}{slot}", letter(row.ty))),
        };
        self.slots.insert(slot, id);
        self.owners.insert(row.number, Owner::Object(id));
    }

    /// An object for what a ref is used for: the constant that it is compared with, else a new one.
    fn wanted(&mut self, dump: &Dump, row: &Row, name: &str) -> usize {
        let compared = dump
            .rows()
            .find(|other| other.op == "EQ" && other.reference(0) == Some(row.number) && other.reference(1).is_none());
        if let Some(id) =
            compared.map(|other| other.arg(1)).filter(|word| *word != "NULL").and_then(|word| self.id_of(word, row.ty))
        {
            return id;
        }
        let kind = match row.ty {
            Type::Tab => Kind::table(),
            Type::Func => Kind::Func,
            Type::Str => Kind::Str("hello world".into()),
            Type::Cdata => Kind::Cdata(boxed(dump, row.number)),
            _ => Kind::Udata,
        };
        self.add(name, kind)
    }

    fn add(&mut self, name: &str, kind: Kind) -> usize {
        self.kinds.push((name.into(), kind));
        self.kinds.len() - 1
    }

    /// A constant object as a `.trace` file writes it; nothing for what is no object.
    pub fn constant(&mut self, word: &str, ty: Type) -> Option<String> {
        let id = self.id_of(word, ty)?;
        Some(self.written(id))
    }

    fn written(&self, id: usize) -> String {
        match &self.kinds[id] {
            (_, Kind::Str(s)) if s.len() <= 20 => format!("\"{s}\""),
            (name, _) => format!("{{{name}}}"),
        }
    }

    /// The object of a constant: `"text"`, `{0x..}`, a function's name.
    fn id_of(&mut self, word: &str, ty: Type) -> Option<usize> {
        if let Some(id) = self.named.get(word) {
            return Some(*id);
        }
        let n = self.named.len();
        let kind = match word {
            _ if word.starts_with('"') => Kind::Str(plain_text(word)),
            _ if word.starts_with('{') => Kind::table(),
            _ if ty == Type::Func && !word.is_empty() && word != "NULL" => Kind::Func,
            _ => return None,
        };
        let id = self.add(&format!("k{n}"), kind);
        self.named.insert(word.into(), id);
        Some(id)
    }

    /// The place of a key in the table that a hash part is of.
    pub fn node(&mut self, row: &Row, key: &str) -> String {
        let owner = row.reference(0).and_then(|part| self.owner(part).cloned());
        let Some(Owner::Part(id)) = owner else { return key.into() };
        if let Kind::Table { keys, .. } = &mut self.kinds[id].1
            && !keys.iter().any(|known| known == key)
        {
            keys.push(key.into());
        }
        self.owners.insert(row.number, Owner::Hash(id, key.into()));
        format!("{}[{key}]", self.kinds[id].0)
    }

    /// What an instruction tells of objects.
    pub fn learn(&mut self, dump: &Dump, row: &Row) {
        let Some(owner) = row.reference(0).and_then(|number| self.owner(number).cloned()) else {
            return self.learn_constant(row);
        };
        match (owner, row.op.as_str()) {
            (Owner::Object(_), "FLOAD") if row.arg(1) == "cdata.ctypeid" => {
                self.owners.insert(row.number, Owner::Ctype);
            }
            (Owner::Object(id), "FLOAD") => {
                self.owners.insert(row.number, Owner::Part(id));
            }
            (Owner::Object(id), "HREF" | "NEWREF") => {
                let key = self.constant(row.arg(1), Type::Nil).unwrap_or_else(|| row.arg(1).into());
                if let Kind::Table { keys, .. } = &mut self.kinds[id].1
                    && reference(&key).is_none()
                    && row.op == "HREF"
                    && !keys.contains(&key)
                {
                    keys.push(key.clone());
                }
                self.owners.insert(row.number, Owner::Hash(id, key));
            }
            (Owner::Part(id), "AREF") => {
                self.grow(id, row.arg(1));
                self.owners.insert(row.number, Owner::Array(id));
            }
            (Owner::Part(id), "ABC") => self.grow(id, row.arg(1)),
            (Owner::Part(id), "EQ") => self.hash_size(id, row.arg(1)),
            (Owner::Array(_) | Owner::Hash(..), "ALOAD" | "HLOAD") => self.loaded(dump, row),
            _ => {}
        }
    }

    /// A template's table.
    fn learn_constant(&mut self, row: &Row) {
        if row.op == "FLOAD"
            && row.arg(0).starts_with('{')
            && let Some(id) = self.id_of(row.arg(0), Type::Tab)
        {
            self.owners.insert(row.number, Owner::Part(id));
        }
    }

    fn grow(&mut self, id: usize, index: &str) {
        let Some(index) = index.strip_prefix('+').and_then(|n| n.parse::<u32>().ok()) else { return };
        if let Kind::Table { asize, .. } = &mut self.kinds[id].1 {
            *asize = (*asize).max(index.saturating_add(2)).min(1000);
        }
    }

    /// `FLOAD tab.hmask` is compared with the size of the hash part, less one.
    fn hash_size(&mut self, id: usize, mask: &str) {
        let Some(mask) = mask.strip_prefix('+').and_then(|n| n.parse::<u32>().ok()) else { return };
        if let Kind::Table { hbits, .. } = &mut self.kinds[id].1 {
            *hbits = (mask + 1).ilog2().min(6);
        }
    }

    /// A table has, where it is loaded from, what the trace expects.
    fn loaded(&mut self, dump: &Dump, row: &Row) {
        let owner = row.reference(0).and_then(|number| self.owner(number).cloned());
        let value = match row.ty {
            Type::Int => "int +3".to_string(),
            Type::Num => "num +1.5".to_string(),
            Type::Nil => "nil".to_string(),
            Type::False => "false".to_string(),
            Type::True => "true".to_string(),
            ty => {
                let name = format!("{}_{}", letter(ty), row.number);
                let id = self.wanted(dump, row, &name);
                self.owners.insert(row.number, Owner::Object(id));
                format!("{} {}", ty.text(), self.written(id))
            }
        };
        let table = match owner {
            Some(Owner::Array(id) | Owner::Hash(id, _)) => id,
            _ => return,
        };
        if let Kind::Table { array, hash, .. } = &mut self.kinds[table].1 {
            match owner {
                Some(Owner::Hash(_, key)) => drop(hash.entry(key).or_insert(value)),
                _ if array.is_empty() => *array = value,
                _ => {}
            }
        }
    }

    /// The directives that make them.
    pub fn lines(&self) -> String {
        let mut text = String::new();
        for (name, kind) in &self.kinds {
            let _ = match kind {
                Kind::Str(s) => writeln!(text, "; object {name} str \"{s}\""),
                Kind::Func => writeln!(text, "; object {name} func"),
                Kind::Cdata(ty) => writeln!(text, "; object {name} cdata {ty}"),
                Kind::Udata => writeln!(text, "; object {name} udata 16"),
                Kind::Table { asize, hbits, keys, .. } => {
                    let room = keys.len().max(1).next_power_of_two().ilog2().max(*hbits);
                    let hash = if keys.is_empty() && *hbits == 0 { String::new() } else { format!(" hbits {room}") };
                    let keys = if keys.is_empty() { String::new() } else { format!(" keys {}", keys.join(" ")) };
                    writeln!(text, "; object {name} table asize {asize}{hash}{keys}")
                }
            };
        }
        text
    }

    /// The lines of an input: what is in tables and boxes.
    pub fn values(&self) -> String {
        let mut text = String::new();
        for (name, kind) in &self.kinds {
            match kind {
                Kind::Table { asize, array, hash, .. } => {
                    if !array.is_empty() {
                        for n in 0..*asize {
                            let _ = writeln!(text, ";   {name}[{n}]: {array}");
                        }
                    }
                    for (key, value) in hash.iter().filter(|(_, value)| *value != "nil") {
                        let _ = writeln!(text, ";   {name}[{key}]: {value}");
                    }
                }
                Kind::Cdata(_) => text += &format!(";   {name}+0: 03\n"),
                _ => {}
            }
        }
        text
    }

    /// The value of a slot that holds an object.
    pub fn slot(&self, slot: u8) -> Option<String> {
        let id = *self.slots.get(&slot)?;
        let ty = match &self.kinds[id].1 {
            Kind::Table { .. } => "tab",
            Kind::Func => "fun",
            Kind::Str(_) => "str",
            Kind::Cdata(_) => "cdt",
            Kind::Udata => "udt",
        };
        Some(format!("{ty} {}", self.written(id)))
    }

    /// How many there are of the user's: those that are in slots or tables and not named by the dump.
    pub fn made_up(&self) -> BTreeSet<String> {
        let named: BTreeSet<usize> = self.named.values().copied().collect();
        self.kinds.iter().enumerate().filter(|(id, _)| !named.contains(id)).map(|(_, (name, _))| name.clone()).collect()
    }
}

impl Kind {
    fn table() -> Kind {
        Kind::Table { asize: ARRAY, hbits: 0, keys: vec![], array: String::new(), hash: BTreeMap::new() }
    }
}

/// The letter that names of such objects start with.
fn letter(ty: Type) -> char {
    match ty {
        Type::Tab => 't',
        Type::Func => 'f',
        Type::Str => 's',
        Type::Cdata => 'c',
        _ => 'u',
    }
}

/// The C type of a boxed number, by the field that is loaded of it.
fn boxed(dump: &Dump, number: u16) -> &'static str {
    let field =
        dump.rows().find(|row| row.op == "FLOAD" && row.reference(0) == Some(number) && row.arg(1) != "cdata.ctypeid");
    match field.map(|row| row.arg(1)) {
        Some("cdata.int") => "int32",
        Some("cdata.ptr") => "pointer",
        _ => "int64",
    }
}

/// The text of a quoted word: LuaJIT writes control characters by their decimal numbers, and cuts long strings.
fn plain_text(word: &str) -> String {
    let inner = word.trim_end_matches('~').trim_matches('"');
    inner.chars().filter(|c| c.is_ascii_graphic() && !"\"\\".contains(*c) || *c == ' ').collect()
}
