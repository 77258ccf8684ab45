//! The head of a file: version, origin, expectations, notes and the world.

use super::object::Objects;
use super::place::{bytes_into, place};
use crate::case::{ALL_ARENAS, ALL_EMITS, Arena, Emit, OptFlags};
use crate::outcome::FindingClass;
use crate::text::error::ParseError;
use crate::text::line::{Line, Word};
use crate::text::{Expect, ExpectedVerdict, VERSION};
use crate::world::{Region, World};

/// What the head said so far.
#[derive(Default)]
pub(super) struct Head<'a> {
    /// The version line was read.
    pub started: bool,
    pub backend: Option<String>,
    pub emit: Option<Emit>,
    pub flags: Option<OptFlags>,
    pub arena: Option<Arena>,
    pub ra: Option<u32>,
    pub expects: Vec<Expect>,
    pub notes: Vec<String>,
    pub world: World,
    objects: Objects<'a>,
    /// What is in constant memory; zeros for other regions.
    pub constant: Vec<Vec<u8>>,
    /// For each region, the end of its last line of bytes.
    pub filled: Vec<usize>,
}

impl<'a> Head<'a> {
    /// The first line of a file.
    pub fn version(&mut self, is_directive: bool, mut line: Line, first: Word) -> Result<(), ParseError> {
        let word = line.peek();
        if !is_directive || line.next().is_none_or(|w| w.text != "tracehound") {
            return Err(self.missing_version(if is_directive { word } else { first }));
        }
        let number = line.word("the format's version")?;
        if number.text != VERSION {
            return Err(number.unexpected(format!("version {VERSION}, the one that this tracehound reads")));
        }
        self.started = true;
        line.end()
    }

    pub fn missing_version(&self, at: Word) -> ParseError {
        at.unexpected(format!("`; tracehound {VERSION}` on the first line"))
    }

    /// One of its directives.
    pub fn directive(&mut self, word: Word, mut line: Line<'a>) -> Result<(), ParseError> {
        match word.text {
            "backend" => {
                line.clone().word("a backend's name")?;
                once(&mut self.backend, word, line.rest()?.into())
            }
            "emit" => {
                let name = line.word(EMIT)?;
                let emit = ALL_EMITS.iter().find(|e| e.name() == name.text);
                once(&mut self.emit, word, *emit.ok_or_else(|| name.unexpected(EMIT))?)?;
                line.end()
            }
            "flags" => {
                let flags = flags(line)?;
                once(&mut self.flags, word, flags)
            }
            "arena" => {
                let name = line.word(ARENA)?;
                let arena = ALL_ARENAS.iter().find(|(_, text)| *text == name.text);
                once(&mut self.arena, word, arena.ok_or_else(|| name.unexpected(ARENA))?.0)?;
                line.end()
            }
            "ra" => {
                once(&mut self.ra, word, line.word("a seed")?.number("a seed of 32 bits")?)?;
                line.end()
            }
            "expect" => {
                self.expects.push(expect(line)?);
                Ok(())
            }
            "note" => {
                self.notes.push(line.rest()?.into());
                Ok(())
            }
            "object" => self.objects.add(line, &mut self.world),
            _ if self.objects.any() => Err(word.unexpected("regions before the first object")),
            _ => self.region(line),
        }
    }

    /// The world is complete.
    pub fn close(&mut self) -> Result<(), ParseError> {
        self.objects.close(&mut self.world)
    }

    fn region(&mut self, mut line: Line) -> Result<(), ParseError> {
        let name = line.word("a region's name")?;
        let size: u32 = line.word("its size in bytes")?.number("its size in bytes")?;
        line.exactly("at")?;
        let offset: u32 = line.word("its offset in the data area")?.number("its offset in the data area")?;
        let readonly = !line.peek().text.is_empty();
        if readonly {
            line.exactly("ro")?;
        }
        line.end()?;
        self.world.regions.push(Region { name: name.text.into(), offset, size, readonly });
        self.world.check().map_err(|e| name.illegal(e.to_string()))?;
        self.constant.push(vec![0; size as usize]);
        self.filled.push(0);
        Ok(())
    }

    /// A line of bytes of a constant region.
    pub fn contents(&mut self, word: Word, line: Line) -> Result<(), ParseError> {
        let (region, offset) = place(word, &self.world)?;
        if !self.world.regions[region].readonly {
            return Err(word.illegal("only a read-only region has contents of its own; others have them in inputs"));
        }
        bytes_into(&mut self.constant[region], &mut self.filled[region], offset, "region", word, line)
    }
}

const EMIT: &str = "`fold`, `raw` or `passes`";
const ARENA: &str = "`usual`, `near` or `far`";

fn once<T>(place: &mut Option<T>, word: Word, value: T) -> Result<(), ParseError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(word.illegal(format!("`{}` was given before; keep one", word.text))),
    }
}

fn flags(mut line: Line) -> Result<OptFlags, ParseError> {
    let mut flags = OptFlags::default();
    while let Some(word) = line.next() {
        let known = match word.text.split_at_checked(1) {
            Some(("+", name)) => flags.set(name, true),
            Some(("-", name)) => flags.set(name, false),
            _ => false,
        };
        if !known {
            let names: Vec<_> = flags.list().iter().map(|(name, _)| *name).collect();
            return Err(word.unexpected(format!("`+` or `-` and one of {}", names.join(" "))));
        }
    }
    Ok(flags)
}

fn expect(mut line: Line) -> Result<Expect, ParseError> {
    line.clone().rest()?;
    let backend = line.word("a backend's name or `*`")?;
    let verdict = line.word("`agree` or a finding class")?;
    let known = match verdict.text {
        "agree" => Some(ExpectedVerdict::Agree),
        name => FindingClass::from_name(name).map(ExpectedVerdict::Finding),
    };
    Ok(Expect {
        backend: (backend.text != "*").then(|| backend.text.into()),
        verdict: known.ok_or_else(|| verdict.unexpected(format!("agree {}", class_names())))?,
        words: line.rest()?.into(),
    })
}

fn class_names() -> String {
    use crate::outcome::{FAULT_CLASSES, MISMATCH_CLASSES};
    let faults = FAULT_CLASSES.iter().map(|(_, name)| *name);
    faults.chain(MISMATCH_CLASSES.iter().map(|(_, name)| *name)).collect::<Vec<_>>().join(" ")
}
