//! Helpers: functions of ours at fixed addresses, for traces to call as foreign functions (`CALLXS`).
//!
//! They read their arguments, are recorded with them, and return a mix of them: what comes back tells whether each argument arrived
//! in its place. Signatures cover what the procedure call standard treats differently: integer and FP registers, both mixed, more
//! arguments than registers, and each kind of result.

use super::types::Type;

macro_rules! helpers {
    ($( ($name:ident, [$($arg:ident),*], $ret:ident), )*) => {
        /// A helper, named by its result and arguments.
        #[allow(non_camel_case_types, reason = "C names")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Helper { $( #[doc = concat!("`", stringify!($name), "`")] $name, )* }

        /// All helpers, in the order of the table.
        pub const ALL_HELPERS: &[Helper] = &[$( Helper::$name, )*];

        impl Helper {
            /// Its name in text.
            pub const fn name(self) -> &'static str { match self { $( Helper::$name => stringify!($name), )* } }
            /// Its arguments' types.
            pub const fn args(self) -> &'static [Type] { match self { $( Helper::$name => &[$( Type::$arg ),*], )* } }
            /// Its result's type; nil for none.
            pub const fn ret(self) -> Type { match self { $( Helper::$name => Type::$ret, )* } }
        }
    };
}

#[rustfmt::skip]
helpers! {
    (nothing,    [],                         Nil),
    (tick,       [],                         Int),
    (i_i,        [Int],                      Int),
    (u_uu,       [U32, U32],                 U32),
    (l_l,        [I64],                      I64),
    (w_lw,       [I64, U64],                 U64),
    (p_p,        [P64],                      P64),
    (n_n,        [Num],                      Num),
    (f_f,        [Float],                    Float),
    (n_nf,       [Num, Float],               Num),
    (b_i,        [Int],                      I8),
    (c_i,        [Int],                      U8),
    (s_i,        [Int],                      I16),
    (t_i,        [Int],                      U16),
    (i_n,        [Num],                      Int),
    (n_i,        [Int],                      Num),
    (n_ilnf,     [Int, I64, Num, Float],     Num),
    (l_nini,     [Num, Int, Num, Int],       I64),
    (i_8i,       [Int, Int, Int, Int, Int, Int, Int, Int], Int),
    (i_9i,       [Int, Int, Int, Int, Int, Int, Int, Int, Int], Int),
    (l_10l,      [I64, I64, I64, I64, I64, I64, I64, I64, I64, I64], I64),
    (n_9n,       [Num, Num, Num, Num, Num, Num, Num, Num, Num], Num),
    (f_10f,      [Float, Float, Float, Float, Float, Float, Float, Float, Float, Float], Float),
    (n_mixed12,  [Int, Num, I64, Float, U32, Num, P64, Num, U64, Int, Num, Int], Num),
    (l_mixed18,  [Int, Num, I64, Num, Int, Num, I64, Num, Int, Num, I64, Num, Int, Num, I64, Num, Int, Num], I64),
}

impl Helper {
    /// The helper with this name.
    pub fn from_name(name: &str) -> Option<Helper> {
        ALL_HELPERS.iter().copied().find(|h| h.name() == name)
    }

    /// The bits it returns for the bits of its arguments (as a register holds them, 32-bit ones zero-extended), and how often helpers have been called
    /// before in this run. FP results are finite numbers, so that no arithmetic behind it meets a NaN by chance.
    pub fn result(self, args: &[u64], calls_before: usize) -> u64 {
        let seed = 0x9e37_79b9_7f4a_7c15u64.wrapping_mul(calls_before as u64 + 1);
        let mix = |h: u64, a: &u64| (h ^ a).wrapping_mul(0xd6e8_feb8_6659_fd93).rotate_left(29);
        let bits = args.iter().fold(seed, mix);
        match self.ret() {
            Type::Nil => 0,
            Type::I8 => i32::from((bits as u8).cast_signed()).cast_unsigned().into(), // the low byte, as C returns it
            Type::U8 => u64::from(bits as u8),
            Type::I16 => i32::from((bits as u16).cast_signed()).cast_unsigned().into(),
            Type::U16 => u64::from(bits as u16),
            Type::Int | Type::U32 => bits & 0xffff_ffff,
            Type::Num => (bits >> 2) & 0x800f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000 | bits & 1 << 63,
            Type::Float => (bits & 0x807f_ffff) | 0x3f80_0000,
            _ => bits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_depends_on_each_argument_and_on_the_calls_before() {
        for h in ALL_HELPERS.iter().filter(|h| h.ret() != Type::Nil) {
            let args: Vec<u64> = (0..h.args().len() as u64).collect();
            let results: Vec<u64> = (0..64).map(|n| h.result(&args, n)).collect();
            assert!(results.iter().any(|r| *r != results[0]), "{}", h.name());
            for i in 0..args.len() {
                let changed: Vec<u64> =
                    (0..64u64).map(|v| h.result(&[&args[..i], &[v], &args[i + 1..]].concat(), 0)).collect();
                assert!(changed.iter().any(|r| *r != changed[0]), "{} argument {i}", h.name());
            }
        }
    }

    #[test]
    fn fp_results_are_finite() {
        for n in 0..1000 {
            assert!(f64::from_bits(Helper::n_n.result(&[n << 50], 0)).is_finite());
            assert!(f32::from_bits(u32::try_from(Helper::f_f.result(&[n << 20], 0)).unwrap()).is_finite());
        }
    }
}
