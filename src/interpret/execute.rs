//! One instruction at a time: the opcode table's last column, expanded into a dispatcher.
//!
//! An opcode that names a function which [`super::sem`] does not have, or one of another kind, does not compile.

use super::error::Unjudged;
use super::frame::{Flow, Frame, Literal, Step};
use super::fused;
use super::sem::{
    arith, bits, buffer, call, cdata, compare, control, conv, fp, memory, object, slot, string, table, upvalue,
};
use crate::ir::{Op, ops};

/// The result of one instruction.
type Effect = Result<Flow, Unjudged>;

/// Evaluates one step with the function of its kind.
macro_rules! eval {
    ($frame:ident, $step:ident, none) => {
        unreachable!("{:?} has no semantics: rejected when decoded", $step.op)
    };
    ($frame:ident, $step:ident, pure1 $f:path) => {
        Ok(Flow::Next($f($step.ty, $frame.values[$step.a])))
    };
    ($frame:ident, $step:ident, pure2 $f:path) => {
        Ok(Flow::Next($f($step.ty, $frame.values[$step.a], $frame.values[$step.b])))
    };
    ($frame:ident, $step:ident, marked $f:path) => {{
        let (a, b) = ($frame.values[$step.a], $frame.values[$step.b]);
        fused::note_nan(&mut $frame.marks, $step, a, b);
        Ok(Flow::Next($f(&mut $frame.marks, $step.ty, a, b)))
    }};
    ($frame:ident, $step:ident, sum $f:path) => {{
        let (a, b) = ($frame.values[$step.a], $frame.values[$step.b]);
        fused::note_nan(&mut $frame.marks, $step, a, b);
        let result = $f(&mut $frame.marks, $step.ty, a, b);
        fused::note_products($frame, $step, result);
        Ok(Flow::Next(result))
    }};
    ($frame:ident, $step:ident, partial $f:path) => {
        match $f($step.ty, $frame.values[$step.a], $frame.values[$step.b]) {
            Ok(value) => Ok(Flow::Next(value)),
            Err(why) => Err(Unjudged::Undefined { at: $step.at, why }),
        }
    };
    ($frame:ident, $step:ident, fpm $f:path) => {{
        let Literal::Fpm(fpm) = $step.literal else { unreachable!("decoded with a function") };
        Ok(Flow::Next($f(&mut $frame.marks, fpm, $frame.values[$step.a])))
    }};
    ($frame:ident, $step:ident, guard $f:path) => {
        Ok(if $f($step.ty, $frame.values[$step.a], $frame.values[$step.b]) { Flow::Next(0) } else { Flow::Leave })
    };
    ($frame:ident, $step:ident, checked $f:path) => {
        Ok($f($frame.values[$step.a], $frame.values[$step.b]).map_or(Flow::Leave, Flow::Next))
    };
    ($frame:ident, $step:ident, conv $f:path) => {{
        let Literal::Conv(mode) = $step.literal else { unreachable!("decoded with a mode") };
        match $f(&mut $frame.marks, $step.ty, mode, $frame.values[$step.a]) {
            Ok(value) => Ok(value.map_or(Flow::Leave, Flow::Next)),
            Err(why) => Err(Unjudged::Undefined { at: $step.at, why }),
        }
    }};
    ($frame:ident, $step:ident, state $f:path) => {
        $f($frame, $step)
    };
}

macro_rules! has_meaning {
    (none) => {
        false
    };
    ($kind:ident) => {
        true
    };
}

macro_rules! expand_dispatch {
    ($( ($name:ident, $op1:tt, $op2:tt, $mode:ident, $rule:ident, [$($lit:ident),*], $status:ident $(($reason:literal))?, $sem:ident $(($f:path))?), )*) => {
        /// Runs one instruction: a flat match that the compiler turns into a jump table.
        #[inline]
        pub(super) fn execute(frame: &mut Frame<'_>, step: &Step) -> Effect {
            match step.op { $( Op::$name => eval!(frame, step, $sem $($f)?), )* }
        }

        /// True for an opcode that [`execute`] can run.
        pub(super) const fn has_meaning(op: Op) -> bool {
            match op { $( Op::$name => has_meaning!($sem), )* }
        }
    };
}
ops::for_each_op!(expand_dispatch);
