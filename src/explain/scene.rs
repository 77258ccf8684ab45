//! What was there before the trace ran: regions, the Lua stack, the input's values.

use super::Page;
use crate::text::{print_bytes, print_input};

/// Where things are.
pub fn world(page: &Page) -> Vec<String> {
    let mut lines = vec!["---- WORLD".to_string()];
    for (r, contents) in page.case().world.regions.iter().zip(&page.case().inputs[0].memory) {
        let access = if r.readonly { ", read-only" } else { "" };
        lines.push(format!("{:<10} {:#x}, {} bytes{access}", r.name, r.address(), r.size));
        if r.readonly {
            lines.extend(print_bytes(&r.name, contents).iter().map(|line| format!("  {line}")));
        }
    }
    if let Some(code) = page.code() {
        lines.push(format!("{:<10} {:#x}", "slot #2", code.stack));
        lines.push(format!("{:<10} {:#x} at entry", "sp", code.start.sp));
    }
    lines
}

/// The input that the page is about. What it does not say is nil or zero.
pub fn input(page: &Page) -> Vec<String> {
    let (n, case) = (page.seen.input, page.case());
    let mut lines = vec![format!("---- INPUT {} of {}", n + 1, case.inputs.len())];
    lines.extend(print_input(&case.world, &case.inputs[n]));
    lines
}
