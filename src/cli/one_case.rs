//! `tracehound gen`: any case of any hunt, by seed and number.

use super::options::{CaseArgs, cases_of};
use super::{Context, End};
use crate::campaign;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Seed of the hunt
    #[arg(long, value_name = "N")]
    seed: u64,
    /// Number of the case, from 0
    #[arg(long, value_name = "N")]
    index: u64,
    #[command(flatten)]
    case: CaseArgs,
}

pub(super) fn print_case(context: &Context, args: &Args) -> anyhow::Result<End> {
    let plan = cases_of(args.seed, &args.case)?;
    let text = campaign::case_text(&plan, args.index);
    context.out.result(&text, || text.clone())?;
    Ok(End::Clean)
}
