//! `tracehound gen`: any case of any hunt, by seed and number.

use super::options::CaseArgs;
use super::{Context, End};
use crate::campaign::{self, Plan};

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
    let plan = Plan {
        backend: String::new(),
        variant: String::new(),
        cache: std::path::PathBuf::new(),
        seed: args.seed,
        emit: args.case.emit().unwrap_or_default(),
        ops: args.case.ops()?.unwrap_or_default(),
        memory: campaign::DEFAULT_MEMORY,
        sabotage: campaign::Sabotage::default(),
    };
    let text = campaign::case_text(&plan, args.index);
    context.out.result(&text, || text.clone())?;
    Ok(End::Clean)
}
