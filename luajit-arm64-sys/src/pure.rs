//! Calls of C functions that take and return plain numbers: safe whatever the guest passes.

use crate::{Error, Jit};

/// Functions of `IRCALLDEF` without pointer arguments and without side effects.
const PURE: &[&str] = &[
    "lj_vm_modi",
    "lj_carith_divi64",
    "lj_carith_divu64",
    "lj_carith_modi64",
    "lj_carith_modu64",
    "lj_carith_powi64",
    "lj_carith_powu64",
    "lj_vm_floor",
    "lj_vm_ceil",
    "lj_vm_trunc",
    "lj_vm_log2",
    "lj_vm_powi",
    "lj_vm_pow",
    "log2",
    "log",
    "log10",
    "sqrt",
    "exp",
    "exp2",
    "pow",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "atan2",
    "ldexp",
    "sinh",
    "cosh",
    "tanh",
];

impl Jit {
    /// Runs the C function behind number `id` of [`crate::Tables::calls`] with the guest's `x0..x7` and `d0..d7`; returns its `x0` and `d0`, of which
    /// the function's signature makes one.
    ///
    /// # Errors
    /// `BadArgument` for a function that is not one of plain numbers.
    pub fn call_pure(&mut self, id: u32, x: &[u64; 8], d: &[u64; 8]) -> Result<(u64, u64), Error> {
        let name = self.tables().calls.get(id as usize).map_or("", |call| call.name);
        if !PURE.contains(&name) {
            return Err(Error::BadArgument { text: format!("call: {name} is not a function of plain numbers") });
        }
        // SAFETY: functions on the list take numbers only: no argument is dereferenced.
        unsafe { self.call(id, x, d) }
    }
}
