//! Functions of the C library: compiled code calls the very same ones, so the host's results are theirs.

use super::super::error::Unjudged;
use super::super::frame::{Frame, Step};
use super::fp;

macro_rules! functions {
    ($( $name:ident($($arg:ident),*) = $host:path; )*) => { $(
        #[doc = concat!("`", stringify!($name), "`")]
        pub(in super::super) fn $name(frame: &mut Frame<'_>, _: &Step, args: &[u64]) -> Result<u64, Unjudged> {
            let [$($arg),*] = *args else { unreachable!("decoded with as many arguments") };
            Ok(fp::library(&mut frame.marks, [$($arg),*], $host($( f64::from_bits($arg) ),*)))
        }
    )* };
}

functions! {
    exp(x) = f64::exp;
    sin(x) = f64::sin;
    cos(x) = f64::cos;
    tan(x) = f64::tan;
    asin(x) = f64::asin;
    acos(x) = f64::acos;
    atan(x) = f64::atan;
    sinh(x) = f64::sinh;
    cosh(x) = f64::cosh;
    tanh(x) = f64::tanh;
    atan2(y, x) = f64::atan2;
}
