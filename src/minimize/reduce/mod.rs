//! Reducers: each proposes smaller cases, the boldest first.
//!
//! A reducer sees a case and gives its edits in a fixed order. An edit makes a case of a case; it need not be legal, nor lighter: the search looks
//! at both before it judges.

mod absorb;
#[cfg(test)]
mod before_after;
mod calls;
mod constants;
mod inputs;
mod instructions;
mod memory;
mod mentions;
mod names;
mod objects;
mod operands;
mod regions;
mod settings;
mod shown;
mod side;
mod snapshots;
mod standins;

pub(super) use names::{plain_names, slots_used};

use crate::case::Case;

/// Makes another case of a case, or nothing.
pub(super) type Edit = Box<dyn Fn(&Case) -> Option<Case> + Send + Sync>;

/// The edits that suit a case.
pub(super) type Reducer = Box<dyn Fn(&Case) -> Vec<Edit> + Send + Sync>;

/// An edit in place.
fn edit(change: impl Fn(&mut Case) -> Option<()> + Send + Sync + 'static) -> Edit {
    Box::new(move |case| {
        let mut case = case.clone();
        change(&mut case)?;
        Some(case)
    })
}

/// An edit in place that always can be made.
fn always(change: impl Fn(&mut Case) + Send + Sync + 'static) -> Edit {
    edit(move |case| {
        change(case);
        Some(())
    })
}

/// Puts a value in a place, if there is one.
fn set<T>(place: Option<&mut T>, value: T) -> Option<()> {
    place.map(|place| *place = value)
}

/// Takes an element out, if it is there.
fn take<T>(list: &mut Vec<T>, at: usize) -> Option<()> {
    (at < list.len()).then(|| list.remove(at)).map(drop)
}

/// The largest piece that is dropped at once.
const LARGEST: usize = 2048;

/// All reducers, in the order they are tried: what makes judging cheaper first, then what makes most lines go, then what makes lines plain.
pub(super) fn reducers() -> Vec<Reducer> {
    let mut all: Vec<Reducer> =
        vec![Box::new(inputs::fewer), Box::new(memory::blank), Box::new(side::detach), Box::new(settings::usual)];
    all.extend(pieces().map(|size| Box::new(move |case: &Case| instructions::pieces(case, size)) as Reducer));
    all.extend([
        Box::new(instructions::unloop) as Reducer,
        Box::new(side::fold_in),
        Box::new(snapshots::fewer),
        Box::new(snapshots::entries),
        Box::new(instructions::single),
        Box::new(standins::loads),
        Box::new(absorb::joined),
        Box::new(absorb::sums),
        Box::new(shown::operands),
        Box::new(calls::helpers),
        Box::new(calls::arguments_stored),
        Box::new(calls::pressure),
        Box::new(shown::guards),
        Box::new(operands::guards),
        Box::new(operands::opcodes),
        Box::new(objects::unused),
        Box::new(regions::unused),
        Box::new(inputs::slots),
        Box::new(objects::smaller),
    ]);
    all.extend(memory::SIZES.iter().map(|size| Box::new(move |case: &Case| memory::zero(case, *size)) as Reducer));
    all.extend([
        Box::new(regions::smaller) as Reducer,
        Box::new(operands::types),
        Box::new(operands::constants_for_refs),
        Box::new(constants::operands),
        Box::new(snapshots::values),
        Box::new(inputs::values),
        Box::new(memory::plain),
        Box::new(operands::earlier_refs),
        Box::new(names::slots),
        Box::new(regions::places),
        Box::new(names::names),
        Box::new(instructions::pairs),
    ]);
    all
}

/// Sizes of pieces, from large to small.
fn pieces() -> impl Iterator<Item = usize> {
    std::iter::successors(Some(LARGEST), |size| (*size > 1).then_some(size / 2))
}
