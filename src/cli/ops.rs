//! `tracehound ops`: the opcode table, what is generated and why the rest is not.

use super::{Context, End};
use crate::ir::{ALL_OPS, Op, Status};
use serde::Serialize;

#[derive(Serialize)]
struct Row {
    op: &'static str,
    status: &'static str,
    /// Why it is not supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    types: Vec<&'static str>,
}

impl Row {
    fn new(op: Op) -> Row {
        let info = op.info();
        let (status, reason) = match info.status {
            Status::Plain => ("generated", None),
            Status::Shape => ("shape", None),
            Status::Out(reason) => ("out", Some(reason)),
        };
        let types = match info.status {
            Status::Plain => info.rule.types().iter().map(|t| t.text()).collect(),
            _ => vec![],
        };
        Row { op: op.name(), status, reason, types }
    }

    fn text(&self) -> String {
        let more = self.reason.map_or_else(|| self.types.join(" "), str::to_string);
        format!("{:<8} {:<10} {more}", self.op, self.status).trim_end().to_string() + "\n"
    }
}

pub(super) fn ops(context: &Context) -> anyhow::Result<End> {
    let rows: Vec<Row> = ALL_OPS.iter().map(|op| Row::new(*op)).collect();
    context.out.result(&rows, || {
        let generated = rows.iter().filter(|r| r.status == "generated").count();
        let table: String = rows.iter().map(Row::text).collect();
        format!(
            "{table}{generated} of {} opcodes are generated; shapes are made by the trace's structure\n",
            rows.len()
        )
    })?;
    Ok(End::Clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsupported_op_says_why() {
        let row = Row::new(Op::HIOP);
        assert_eq!((row.status, row.reason), ("out", Some("32-bit and soft-float targets only")));
        assert!(Row::new(Op::XLOAD).text().starts_with("XLOAD    generated  i8 u8"));
    }
}
