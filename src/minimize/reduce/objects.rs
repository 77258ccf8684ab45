//! Fewer and smaller Lua objects.

use super::{Edit, edit, mentions};
use crate::case::{Case, ObjectValues};
use crate::ir::{CdataType, ObjId};
use crate::world::{ObjectKind, SlotValue, Upvalue};

/// Objects that nothing mentions go; then each goes with the values that are it.
pub(super) fn unused(case: &Case) -> Vec<Edit> {
    let all = || (0..case.world.objects.len()).rev();
    let unused = all().map(|o| edit(move |c| remove(c, o, false)));
    unused.chain(all().map(|o| edit(move |c| remove(c, o, true)))).collect()
}

fn remove(case: &mut Case, o: usize, forget: bool) -> Option<()> {
    let gone = ObjId(u8::try_from(o).ok()?);
    (o < case.world.objects.len()).then_some(())?;
    if forget {
        forget_values(case, gone);
    }
    case.world.objects.remove(o);
    case.inputs.iter_mut().for_each(|i| drop(i.objects.remove(o)));
    let mut mentioned = false;
    mentions::objects(case, &mut |id| {
        mentioned |= *id == gone;
        if *id > gone {
            id.0 -= 1;
        }
    });
    (!mentioned).then_some(())
}

/// No value of an input is the object, and it is nobody's metatable.
fn forget_values(case: &mut Case, gone: ObjId) {
    let nil = |v: &mut SlotValue| {
        if *v == SlotValue::Obj(gone) {
            *v = SlotValue::Nil;
        }
    };
    for input in &mut case.inputs {
        input.slots.retain(|(_, v)| *v != SlotValue::Obj(gone));
        for values in &mut input.objects {
            match values {
                ObjectValues::Table { array, hash } => array.iter_mut().chain(hash).for_each(nil),
                ObjectValues::Upvalues(list) => list.iter_mut().for_each(nil),
                ObjectValues::None | ObjectValues::Bytes(_) => {}
            }
        }
    }
    for object in &mut case.world.objects {
        if let ObjectKind::Table { meta, .. } | ObjectKind::Udata { meta, .. } = &mut object.kind
            && *meta == Some(gone)
        {
            *meta = None;
        }
    }
}

/// Objects with less in them.
pub(super) fn smaller(case: &Case) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (o, object) in case.world.objects.iter().enumerate() {
        let kinds = match &object.kind {
            ObjectKind::Table { keys, .. } => {
                edits.extend((0..keys.len()).rev().map(|k| edit(move |c| without_key(c, o, k))));
                smaller_tables(&object.kind)
            }
            ObjectKind::Func { upvalues } => smaller_functions(upvalues),
            kind => smaller_payloads(kind),
        };
        edits.extend(kinds.into_iter().map(|kind| edit(move |c| become_kind(c, o, kind.clone()))));
    }
    edits
}

/// Another kind, with as many of the values as it has places for.
fn become_kind(case: &mut Case, o: usize, kind: ObjectKind) -> Option<()> {
    for input in &mut case.inputs {
        let values = input.objects.get_mut(o)?;
        let mut new = ObjectValues::blank(&kind);
        match (&mut new, &*values) {
            (ObjectValues::Table { array, hash }, ObjectValues::Table { array: old, hash: old_hash }) => {
                array.iter_mut().zip(old).for_each(|(n, v)| *n = *v);
                hash.iter_mut().zip(old_hash).for_each(|(n, v)| *n = *v);
            }
            (ObjectValues::Upvalues(new), ObjectValues::Upvalues(old)) => {
                new.iter_mut().zip(old).for_each(|(n, v)| *n = *v);
            }
            (ObjectValues::Bytes(new), ObjectValues::Bytes(old)) => new.iter_mut().zip(old).for_each(|(n, b)| *n = *b),
            _ => {}
        }
        *values = new;
    }
    case.world.objects.get_mut(o)?.kind = kind;
    Some(())
}

fn without_key(case: &mut Case, o: usize, k: usize) -> Option<()> {
    let ObjectKind::Table { keys, .. } = &mut case.world.objects.get_mut(o)?.kind else { return None };
    (k < keys.len()).then(|| keys.remove(k))?;
    for input in &mut case.inputs {
        if let Some(ObjectValues::Table { hash, .. }) = input.objects.get_mut(o) {
            hash.remove(k);
        }
    }
    Some(())
}

fn smaller_tables(kind: &ObjectKind) -> Vec<ObjectKind> {
    let ObjectKind::Table { asize, hbits, keys, meta, black } = kind.clone() else { return vec![] };
    let with = |asize, hbits, meta, black| ObjectKind::Table { asize, hbits, keys: keys.clone(), meta, black };
    let mut kinds =
        vec![with(asize, hbits, None, false), with(asize, hbits, None, black), with(asize, hbits, meta, false)];
    kinds.extend([0, 1, 2, asize / 2, asize.saturating_sub(1)].map(|n| with(n, hbits, meta, black)));
    kinds.push(with(asize, None, meta, black));
    kinds.extend(hbits.into_iter().flat_map(|bits| 1..bits).map(|bits| with(asize, Some(bits), meta, black)));
    kinds
}

fn smaller_functions(upvalues: &[Upvalue]) -> Vec<ObjectKind> {
    let fewer = (0..upvalues.len()).map(|n| upvalues[..n].to_vec());
    let closed = std::iter::once(vec![Upvalue::Closed; upvalues.len()]);
    fewer.chain(closed).map(|upvalues| ObjectKind::Func { upvalues }).collect()
}

fn smaller_payloads(kind: &ObjectKind) -> Vec<ObjectKind> {
    match kind {
        ObjectKind::Str(bytes) => {
            let n = bytes.len();
            let lengths: std::collections::BTreeSet<usize> =
                [0, 1, 2, n / 2, n.saturating_sub(1)].into_iter().filter(|l| *l < n).collect();
            let cut = lengths.into_iter().map(|l| bytes[..l].to_vec());
            let plain = std::iter::once(vec![b'a'; n]);
            cut.chain(plain).map(ObjectKind::Str).collect()
        }
        ObjectKind::Udata { size, meta } => {
            let sizes = [0, 8, size / 2];
            let plain = std::iter::once(ObjectKind::Udata { size: *size, meta: None });
            plain.chain(sizes.map(|size| ObjectKind::Udata { size, meta: *meta })).collect()
        }
        ObjectKind::Cdata(_) => [CdataType::Int32, CdataType::Int64, CdataType::Struct(8), CdataType::Struct(16)]
            .map(ObjectKind::Cdata)
            .to_vec(),
        ObjectKind::Table { .. } | ObjectKind::Func { .. } => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::super::before_after::{proposes, text};
    use super::*;

    #[test]
    fn an_object_that_nothing_mentions_goes() {
        let head = "; region data 16 at 0\n; object t table\n; input 1";
        let ir = "0001 int XLOAD [data+0]";
        proposes(unused, &text(head, ir), &text("; region data 16 at 0\n; input 1", ir));
    }

    #[test]
    fn a_table_gets_smaller() {
        let head = |size| format!("; region data 16 at 0\n; object t table asize {size}\n; input 1");
        let ir = "0001 p64 FLOAD {t} tab.array\n0002 p64 AREF 0001 +0\n0003 > int ALOAD 0002";
        proposes(smaller, &text(&head(4), ir), &text(&head(1), ir));
    }
}
