//! The words by which the collector links objects. A trace has no business with them but for a barrier, which also changes the object's
//! colour: any other change is a stray store, and breaks one of the collector's lists.

use crate::backend::Stray;
use crate::ir::ObjId;
use crate::world::{ObjectKind, World};
use luajit_arm64_sys::{Error, Jit};

/// Source: LuaJIT `lj_obj.h`, `GCHeader` and `GCtab` of builds with 64 bit object references.
const NEXTGC: u64 = 0;
const MARKED: u64 = 8;
const GCLIST: u64 = 24;
/// `~LJ_TSTR`: the type byte of a string, behind its colour's.
const STRING: u8 = 4;

/// The links of a world's objects at some time.
#[derive(Default)]
pub struct Links(Vec<Link>);

struct Link {
    id: ObjId,
    next: u64,
    string: bool,
    /// Of a table: its colour's byte, and the next table on its list.
    listed: Option<(u8, u64)>,
}

impl Links {
    /// The links as they are now.
    pub fn read(jit: &Jit, world: &World) -> Result<Links, Error> {
        let ids = (0..world.objects.len()).filter_map(|n| u8::try_from(n).ok()).map(ObjId);
        ids.map(|id| Link::read(jit, world, id)).collect::<Result<_, _>>().map(Links)
    }

    /// What is wrong with the links after a run that began with these.
    pub fn stray(&self, jit: &Jit, world: &World) -> Option<Stray> {
        let Ok(now) = Links::read(jit, world) else {
            return Some(Stray { address: 0, text: "objects can't be read".into() });
        };
        self.0.iter().zip(&now.0).find_map(|(before, now)| {
            let wrong = |field, offset, old, new| wrong(world, before.id, field, offset, (old, new));
            // A string's link is the next one of its hash, which growing the table of strings changes (`lj_str.c: lj_str_resize`).
            let relinked = before.string && is_string(jit, now.next);
            if before.next != now.next && !relinked {
                return Some(wrong("GCHeader.nextgc", NEXTGC, before.next, now.next));
            }
            match (before.listed, now.listed) {
                (Some((colour, old)), Some((same, new))) if colour == same && old != new => {
                    Some(wrong("GCtab.gclist", GCLIST, old, new))
                }
                _ => None,
            }
        })
    }
}

impl Link {
    fn read(jit: &Jit, world: &World, id: ObjId) -> Result<Link, Error> {
        let addr = world.object_address(id);
        let table = matches!(world.object(id).kind, ObjectKind::Table { .. });
        let marked = |word: u64| word.to_le_bytes()[0];
        let listed = match table {
            true => Some((marked(jit.read_u64(addr + MARKED)?), jit.read_u64(addr + GCLIST)?)),
            false => None,
        };
        let string = matches!(world.object(id).kind, ObjectKind::Str(_));
        Ok(Link { id, next: jit.read_u64(addr + NEXTGC)?, string, listed })
    }
}

/// True for no link, and for the address of a string.
fn is_string(jit: &Jit, link: u64) -> bool {
    link == 0 || jit.read_u64(link + MARKED).is_ok_and(|word| word.to_le_bytes()[1] == STRING)
}

fn wrong(world: &World, id: ObjId, field: &str, offset: u64, (before, now): (u64, u64)) -> Stray {
    let name = &world.object(id).name;
    let text = format!(
        "object {name}: {field} (+{offset}) was {before:#x}, is {now:#x}, though no barrier changed its colour"
    );
    Stray { address: world.object_address(id) + offset, text }
}
