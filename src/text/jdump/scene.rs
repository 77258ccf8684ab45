//! The text of the imported case: regions, objects, inputs with made-up values, and the trace.

use super::ImportOptions;
use super::lower::Lowered;
use super::read::{Dump, Entry};
use crate::ir::Type;
use std::fmt::Write;

/// The text, and where its lines come from.
pub(super) struct Page {
    pub text: String,
    /// For each line of the text, the dump's line.
    pub lines: Vec<Option<usize>>,
    /// Assumptions about memory and values.
    pub told: Vec<String>,
}

/// Writes all of it.
pub(super) fn page(dump: &Dump, lowered: &Lowered, options: &ImportOptions) -> Page {
    let mut page = Page { text: String::new(), lines: vec![], told: vec![] };
    page.add(None, "; tracehound 1");
    page.add(None, &format!("; emit {}", options.emit));
    page.regions(lowered);
    page.block(&lowered.objects.lines());
    page.made_up(lowered);
    let mut values = Values(options.seed);
    for n in 1..=options.inputs {
        page.input(n, lowered, options, &mut values);
    }
    page.trace(dump, lowered);
    page
}

impl Page {
    fn add(&mut self, from: Option<usize>, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        self.lines.push(from);
    }

    fn block(&mut self, text: &str) {
        text.lines().for_each(|line| self.add(None, line));
    }

    fn regions(&mut self, lowered: &Lowered) {
        let mut at = 256;
        for (name, size) in lowered.places.regions() {
            self.add(None, &format!("; region {name} {size} at {at}"));
            // Some way apart: an access that leaves one does not reach the next.
            at += size.next_multiple_of(64) + 256;
            self.told.push(format!("region {name}: {size} bytes, made up"));
        }
    }

    fn made_up(&mut self, lowered: &Lowered) {
        let names = lowered.objects.made_up();
        if !names.is_empty() {
            let names: Vec<_> = names.into_iter().collect();
            self.told.push(format!("objects {}: of the shape that the trace asks for", names.join(" ")));
        }
    }

    fn input(&mut self, n: usize, lowered: &Lowered, options: &ImportOptions, values: &mut Values) {
        self.add(None, &format!("; input {n}"));
        let mut slots: Vec<(u8, String)> = lowered
            .slots
            .iter()
            .map(|(slot, (ty, converts))| {
                (*slot, lowered.objects.slot(*slot).unwrap_or_else(|| values.slot(*ty, *converts, n)))
            })
            .collect();
        for (slot, value) in &options.slots {
            slots.retain(|(known, _)| known != slot);
            slots.push((*slot, value.clone()));
        }
        slots.sort();
        for (slot, value) in slots {
            self.add(None, &format!(";   slot {slot} {value}"));
            if n == 1 && !options.slots.iter().any(|(given, _)| *given == slot) {
                self.told.push(format!("slot {slot}: {value} and others"));
            }
        }
        for (name, size) in lowered.places.regions().iter().filter(|(name, _)| name != "ptrs") {
            self.block(&values.memory(name, *size));
        }
        self.block(&lowered.places.pointer_lines());
        self.block(&lowered.objects.values());
    }

    fn trace(&mut self, dump: &Dump, lowered: &Lowered) {
        self.add(None, "---- TRACE 1");
        let mut snaps = 0;
        for entry in &lowered.entries {
            match entry {
                Entry::Loop(line) => self.add(Some(*line), &format!("{} ------ LOOP ------------", 49_999)),
                Entry::Snap(line, entries) => {
                    self.add(Some(*line), &format!("....        SNAP   #{snaps}   [ {} ]", entries.join(" ")));
                    snaps += 1;
                }
                Entry::Row(row) => {
                    let guard = if row.guard { ">" } else { " " };
                    let (number, ty, op) = (row.number, row.ty.text(), &row.op);
                    self.add(Some(row.line), &format!("{number:04} {guard}  {ty} {op:6} {}", row.args.join("  ")));
                }
            }
        }
        let is_loop = lowered.entries.iter().any(|entry| matches!(entry, Entry::Loop(_)));
        let link = match dump.link.as_deref() {
            _ if is_loop => "loop",
            Some("return") => "return",
            Some("interpreter") => "interpreter",
            other => {
                let said =
                    other.map_or_else(|| "the dump does not say".to_string(), |link| format!("the dump says {link}"));
                self.told.push(format!("the trace ends in the interpreter ({said})"));
                "interpreter"
            }
        };
        self.add(None, &format!("---- TRACE 1 stop -> {link}"));
    }
}

/// Made-up values, by a seed (SplitMix64, Steele, Lea and Flood 2014).
struct Values(u64);

impl Values {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A slot's value. The first input has ones: what counts starts there; later ones are larger.
    fn slot(&mut self, ty: Type, converts: bool, n: usize) -> String {
        let small = if n == 1 { 1 } else { self.next() % (8 << (2 * n)) };
        match (ty, converts) {
            (Type::Int, false) | (Type::Num, true) => format!("int +{small}"),
            (Type::Int, true) => format!("num +{small}.0"),
            (Type::Num, false) => format!("num +{small}.5"),
            (Type::True, _) => "true".into(),
            (Type::False, _) => "false".into(),
            _ => "nil".into(),
        }
    }

    /// Bytes of a region: small integers and random ones, so that both values and addresses make sense.
    fn memory(&mut self, name: &str, size: u64) -> String {
        let mut text = String::new();
        let bytes: Vec<u8> =
            (0..size.div_ceil(8)).flat_map(|_| self.word().to_le_bytes()).take(size as usize).collect();
        for (n, row) in bytes.chunks(32).enumerate() {
            let row: Vec<_> = row.iter().map(|byte| format!("{byte:02x}")).collect();
            let _ = writeln!(text, ";   {name}+{}: {}", 32 * n, row.join(" "));
        }
        text
    }

    fn word(&mut self) -> u64 {
        let random = self.next();
        match random % 4 {
            0 => random >> 2,
            1 => ((random >> 8 & 0xff) as f64 / 4.0).to_bits(),
            _ => (random >> 8 & 0x3f) | (random >> 16 & 0x3f) << 32,
        }
    }
}
