//! Which of the steps with Lua objects, calls and allocation comes next.

use super::build::Builder;
use super::entropy::Source;
use super::knobs::Knobs;
use super::object::Objects;

/// One kind of thing to do with objects.
type Step = for<'a, 'b, 'c, 'd> fn(&'a mut Builder<'b, 'c, 'd>);

/// How many there are.
pub(super) const STEPS: usize = 23;

/// The steps with their weights.
#[rustfmt::skip]
const TABLE: [(u16, Step); STEPS] = [
    (20, |b| b.array_access()),
    (14, |b| b.hash_access()),
    (4,  |b| b.new_key()),
    (3,  |b| b.absent_key()),
    (3,  |b| b.table_length()),
    (1,  |b| b.clear_table()),
    (6,  |b| b.set_metatable()),
    (9,  |b| b.new_table()),
    (4,  |b| b.compare_objects()),
    (10, |b| b.upvalue_access()),
    (3,  |b| b.string_length()),
    (3,  |b| b.string_bytes()),
    (4,  |b| b.new_string()),
    (2,  |b| b.string_to_number()),
    (2,  |b| b.string_order()),
    (5,  |b| b.concatenation()),
    (6,  |b| b.cdata_fields()),
    (5,  |b| b.payload_access()),
    (6,  |b| b.new_cdata()),
    (9,  |b| b.foreign_call()),
    (4,  |b| b.math_call()),
    (2,  |b| b.block_call()),
    (6,  |b| b.machine()),
];

impl Objects {
    /// Decides whether a case has objects, and what is done with them: some steps are switched off.
    pub(super) fn steps(s: &mut impl Source, knobs: &Knobs) -> [u16; STEPS] {
        if !s.percent(knobs.objects) {
            return [0; STEPS];
        }
        let off = s.pick(&[25, 50, 70]);
        let mut steps = TABLE.map(|(weight, _)| weight);
        for weight in &mut steps {
            if s.percent(off) {
                *weight = 0;
            }
        }
        steps
    }
}

/// Percent of the steps of a case with objects that have to do with them.
const SHARE: u8 = 65;
/// Instructions that such a case has besides: a step with objects takes several.
const MORE: i64 = 16;

impl Builder<'_, '_, '_> {
    /// Instructions that a case with objects has besides.
    pub(super) fn objects_length(&self) -> i64 {
        if self.objects.any() { MORE } else { 0 }
    }

    /// True if the next step is one with objects.
    pub(super) fn wants_objects(&mut self) -> bool {
        // A big trace has as many constants as LuaJIT takes.
        !self.swarm.big && self.objects.any() && self.u.percent(SHARE)
    }

    /// One step with objects.
    pub(super) fn objects_step(&mut self) {
        let steps = self.objects.steps;
        let n = self.u.weighted(&steps);
        TABLE[n].1(self);
    }

    fn machine(&mut self) {
        match self.u.weighted(&[3, 3, 4, 5, 2, 2]) {
            0 => self.environment(),
            1 => self.function_fields(),
            2 => self.temporary(),
            3 => self.check_point(),
            4 => self.udata_fields(),
            _ => self.c_string_length(),
        }
    }
}
