//! What was there before the trace ran: regions, objects, the Lua stack, the input's values.

use super::View;
use super::hex::Hex;
use super::sheet::{InputRows, RegionRow, WorldRows};
use crate::text::{print_bytes, print_input, print_objects};
use crate::world::Region;

/// Where things are.
pub fn world(view: &View) -> WorldRows {
    let world = &view.case().world;
    let contents = view.case().inputs.first().map_or(&[][..], |input| &input.memory);
    WorldRows {
        regions: world.regions.iter().zip(contents).map(|(r, bytes)| region(r, bytes)).collect(),
        objects: print_objects(world),
        stack: view.code().map(|code| Hex(code.stack)),
        sp: view.code().map(|code| Hex(code.start.sp)),
    }
}

fn region(r: &Region, bytes: &[u8]) -> RegionRow {
    let contents = if r.readonly { print_bytes(&r.name, bytes) } else { vec![] };
    RegionRow { name: r.name.clone(), address: Hex(r.address()), size: r.size, readonly: r.readonly, contents }
}

/// The input that the sheet is about. What it does not say is nil or zero.
pub fn input(view: &View) -> InputRows {
    let (n, case) = (view.seen.input, view.case());
    let lines = case.inputs.get(n).map_or(vec![], |input| print_input(&case.world, input));
    InputRows { number: n + 1, of: case.inputs.len(), lines }
}
