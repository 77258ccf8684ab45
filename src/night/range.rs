//! The usual range of each sign: a limit that always holds, and how far it may be from what it was in earlier nights.

use super::Vitals;
use serde::Serialize;

/// A sign of life and its range.
pub struct Sign {
    /// What it is called.
    pub name: &'static str,
    /// Its value in a hunt.
    pub of: fn(&Vitals) -> f64,
    /// Which side is bad.
    pub bad: Bad,
    /// The limit on that side that holds from the first night on.
    pub limit: f64,
    /// The limit by the median of earlier nights: this times the median, plus [`Sign::more`].
    pub times: f64,
    /// See [`Sign::times`].
    pub more: f64,
}

/// The side on which a value is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// Too little is bad.
    Low,
    /// Too much is bad.
    High,
}

/// All signs. Throughput may fall far: machines are shared. Shares of what is left out are small numbers that vary little; a tenth is what a
/// hunt's own report warns of. Short hunts miss rare opcodes. The places reached depend on the generator alone, but not on the clock.
#[rustfmt::skip]
pub const SIGNS: [Sign; 7] = [
    Sign { name: "cases",              of: |v| v.cases,            bad: Bad::Low,  limit: 100.0, times: 0.1,  more: 0.0 },
    Sign { name: "cases a second",     of: |v| v.cases_per_second, bad: Bad::Low,  limit: 2.0,   times: 0.25, more: 0.0 },
    Sign { name: "share skipped",      of: |v| v.skipped,          bad: Bad::High, limit: 0.1,   times: 2.0,  more: 0.01 },
    Sign { name: "share of inputs left out", of: |v| v.left_out,   bad: Bad::High, limit: 0.1,   times: 2.0,  more: 0.01 },
    Sign { name: "share of opcodes",   of: |v| v.opcodes,          bad: Bad::Low,  limit: 0.5,   times: 0.9,  more: 0.0 },
    Sign { name: "failures of tracehound", of: |v| v.failures,     bad: Bad::High, limit: 0.0,   times: 0.0,  more: 0.0 },
    Sign { name: "places reached",     of: |v| v.points,           bad: Bad::Low,  limit: 100.0, times: 0.9,  more: 0.0 },
];

/// A sign out of its range.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alarm {
    /// The hunt.
    pub hunt: String,
    /// What is wrong.
    pub what: String,
}

impl Sign {
    /// Why a value is out of range, if it is. `usual` is the median of earlier nights.
    fn complaint(&self, value: f64, usual: Option<f64>) -> Option<String> {
        let by_usual = usual.map(|usual| usual.mul_add(self.times, self.more));
        // The stricter one counts.
        let limit = match self.bad {
            Bad::Low => by_usual.map_or(self.limit, |l| l.max(self.limit)),
            Bad::High => by_usual.map_or(self.limit, |l| l.min(self.limit)),
        };
        // A value that is no number is out of any range.
        let fits = match self.bad {
            Bad::Low => value >= limit,
            Bad::High => value <= limit,
        };
        let word = if self.bad == Bad::Low { "at least" } else { "at most" };
        let before = usual.map_or(String::new(), |usual| format!(", usually {}", short(usual)));
        (!fits).then(|| format!("{} is {}, wanted {word} {}{before}", self.name, short(value), short(limit)))
    }
}

/// Three digits behind the point where they mean something.
fn short(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{:.3}", value) }
}

/// The signs of a hunt that are out of range. `before` is the same hunt in earlier nights.
pub(super) fn alarms(hunt: &str, vitals: &Vitals, before: &[&Vitals]) -> Vec<Alarm> {
    let complaint = |sign: &Sign| {
        let usual = median(before.iter().map(|v| (sign.of)(v)).collect());
        let what = sign.complaint((sign.of)(vitals), usual)?;
        Some(Alarm { hunt: hunt.into(), what })
    };
    SIGNS.iter().filter_map(complaint).collect()
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Vitals {
        Vitals {
            cases: 5000.0,
            cases_per_second: 80.0,
            skipped: 0.004,
            left_out: 0.015,
            opcodes: 0.98,
            failures: 0.0,
            points: 900.0,
        }
    }

    fn told(vitals: &Vitals, before: &[&Vitals]) -> Vec<String> {
        alarms("h", vitals, before).into_iter().map(|alarm| alarm.what).collect()
    }

    #[test]
    fn a_first_night_has_only_the_fixed_limits() {
        assert_eq!(told(&good(), &[]), [""; 0]);
        let silent = Vitals { skipped: 0.5, cases_per_second: 1.0, ..good() };
        assert_eq!(
            told(&silent, &[]),
            ["cases a second is 1.000, wanted at least 2.000", "share skipped is 0.500, wanted at most 0.100"]
        );
        assert_eq!(told(&Vitals { failures: 1.0, ..good() }, &[]).len(), 1);
        assert_eq!(told(&Vitals { cases_per_second: f64::NAN, ..good() }, &[]).len(), 1);
    }

    #[test]
    fn later_nights_are_held_against_the_median_of_earlier_ones() {
        let (slow, usual, fast) = (Vitals { points: 10.0, ..good() }, good(), Vitals { points: 2000.0, ..good() });
        let before = [&slow, &usual, &fast];
        assert_eq!(told(&Vitals { points: 820.0, ..good() }, &before), [""; 0]);
        assert_eq!(
            told(&Vitals { points: 800.0, ..good() }, &before),
            ["places reached is 800, wanted at least 810, usually 900"]
        );
        assert_eq!(told(&Vitals { skipped: 0.02, ..good() }, &before).len(), 1);
        assert_eq!(told(&Vitals { skipped: 0.017, ..good() }, &before), [""; 0]);
    }
}
