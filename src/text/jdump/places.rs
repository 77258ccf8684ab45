//! Plain memory that a dump's addresses stand for: absolute ones by their neighbourhood, unknown bases by pointers.

use super::read::{Dump, Row};
use crate::ir::Type;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Bytes before the first address of a region and behind the last.
const MARGIN: u64 = 512;
/// Addresses that are closer than this are of one region.
const NEAR: u64 = 4096;
/// Bytes of memory that an unknown pointer leads to, and how far inside it points: accesses reach to both sides.
const TARGET: (u64, u64) = (2048, 512);
/// Most regions that pointers lead to; more pointers share them.
const TARGETS: usize = 8;

/// Memory of a trace.
pub(super) struct Places {
    /// Absolute addresses by region: first and last.
    groups: Vec<(u64, u64)>,
    /// Values that stand in cells, by what stands for their address.
    cells: BTreeMap<u16, usize>,
    /// Pointers that are loaded.
    pointers: usize,
    /// Cdata that are bases of addresses.
    bases: BTreeSet<u16>,
    /// Cdata whose pointer is loaded, and nothing else.
    holders: BTreeSet<u16>,
    /// Whether the trace loads pointers from computed addresses.
    pub chases: bool,
}

/// True for the form of an absolute address.
pub(super) fn is_address(word: &str) -> bool {
    absolute(word).is_some()
}

fn absolute(word: &str) -> Option<u64> {
    let inner = word.strip_prefix('[')?.strip_suffix(']')?;
    u64::from_str_radix(inner.strip_prefix("0x")?, 16).ok()
}

impl Places {
    /// The memory that a dump's addresses are in.
    pub fn new(dump: &Dump) -> Places {
        let accessed = |row: &&Row| !matches!(row.op.as_str(), "NEG" | "ABS" | "BUFHDR" | "CALLXS");
        let all: BTreeSet<u64> =
            dump.rows().filter(accessed).flat_map(|row| row.args.iter().filter_map(|arg| absolute(arg))).collect();
        let mut groups: Vec<(u64, u64)> = Vec::new();
        for address in all {
            match groups.last_mut() {
                Some((_, last)) if address - *last < NEAR => *last = address,
                _ => groups.push((address, address)),
            }
        }
        let is_cdata = |number: u16| {
            dump.rows().any(|row| row.number == number && row.ty == Type::Cdata && row.op.ends_with("LOAD"))
        };
        let used_by = |op: &str, field: &str| {
            let rows = dump.rows().filter(|row| row.op == op && (field.is_empty() || row.arg(1) == field));
            rows.flat_map(|row| [row.reference(0), row.reference(1)])
                .flatten()
                .filter(|n| is_cdata(*n))
                .collect::<BTreeSet<u16>>()
        };
        let bases = used_by("ADD", "");
        let holders = used_by("FLOAD", "cdata.ptr").difference(&bases).copied().collect();
        let chases = dump.rows().any(|row| row.op == "XLOAD" && row.ty == Type::P64);
        Places { groups, cells: BTreeMap::new(), pointers: 0, bases, holders, chases }
    }

    /// A cdata whose address is computed with.
    pub fn is_base(&self, number: u16) -> bool {
        self.bases.contains(&number)
    }

    /// A cdata that only holds a pointer.
    pub fn is_pointer_cdata(&self, number: u16) -> bool {
        self.holders.contains(&number)
    }

    /// An absolute address by region and offset.
    pub fn address(&self, word: &str) -> Option<String> {
        let address = absolute(word)?;
        let n = self.groups.iter().position(|(first, last)| (*first..=*last).contains(&address))?;
        Some(format!("[mem{n}+{}]", address - start(self.groups[n].0)))
    }

    /// A new cell with a pointer.
    pub fn pointer(&mut self) -> String {
        self.pointers += 1;
        format!("[ptrs+{}]", 8 * (self.pointers - 1))
    }

    /// The cell of a value.
    pub fn cell(&mut self, address: u16) -> String {
        let n = self.cells.len();
        format!("[cells+{}]", 8 * *self.cells.entry(address).or_insert(n))
    }

    /// All regions: name and size.
    pub fn regions(&self) -> Vec<(String, u64)> {
        let groups = self.groups.iter().enumerate();
        let mut all: Vec<_> =
            groups.map(|(n, (first, last))| (format!("mem{n}"), last - start(*first) + MARGIN)).collect();
        if !self.cells.is_empty() {
            all.push(("cells".into(), 8 * self.cells.len() as u64));
        }
        if self.pointers > 0 {
            all.push(("ptrs".into(), 8 * self.pointers as u64));
        }
        all.extend((0..self.targets()).map(|n| (format!("data{n}"), TARGET.0)));
        all
    }

    fn targets(&self) -> usize {
        // A pointer that is chased leads somewhere, even where none is loaded from a cell.
        self.pointers.min(TARGETS).max(usize::from(self.chases))
    }

    /// The lines of an input for pointers: those in cells, and where pointers are chased, any word of a region.
    pub fn pointer_lines(&self) -> String {
        let mut text = String::new();
        let to = |n: usize| format!("-> data{}+{}", n % self.targets().max(1), TARGET.1);
        for n in 0..self.pointers {
            let _ = writeln!(text, ";   ptrs+{}: {}", 8 * n, to(n));
        }
        if self.chases {
            for (region, size) in
                self.regions().iter().filter(|(name, _)| name.starts_with("mem") || name.starts_with("data"))
            {
                for n in 0..size / 8 {
                    let _ = writeln!(text, ";   {region}+{}: {}", 8 * n, to(self.targets() - 1));
                }
            }
        }
        text
    }
}

/// Where the region of an address starts: aligned as much as any access asks for.
fn start(first: u64) -> u64 {
    (first & !63).saturating_sub(MARGIN)
}
