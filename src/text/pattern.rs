//! Patterns of machine instructions, as a disassembler writes them: a mnemonic, operands, and what may stand in for either.

use std::fmt;

/// Instructions that stand one behind the other, such as `ldp w_, w_, [x_, #-8]` or `movz x_, #1 ; movk x_, #2, lsl #16`.
///
/// `_` stands for one or more letters, digits, points and signs within a word; a `#` is none of these. A mnemonic alone
/// leaves its operands open. Immediates are the same when their numbers are: `#-256` and `#-0x100`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern(Vec<Vec<String>>);

/// What a pattern must look like, for error messages.
pub(super) const PATTERN: &str =
    "instructions as disassembled, such as `ldp w_, w_, [x_, #-8]`, at most one `_` a word, ` ; ` between them";

impl Pattern {
    /// Reads one; `None` if it is none.
    pub fn parse(text: &str) -> Option<Pattern> {
        let steps: Vec<Vec<String>> = text.split(';').map(tokens).collect::<Option<_>>()?;
        let good = |step: &Vec<String>| {
            // `no[ldp` is not `no` and a pattern.
            let mnemonic = step.first().is_some_and(|word| is_word(word) && !matches!(word.as_str(), "no" | "none"));
            mnemonic && step.iter().all(|word| word.matches('_').count() <= 1)
        };
        steps.iter().all(good).then_some(Pattern(steps))
    }

    /// Where in a row of instructions the pattern fits first: the index of its first one.
    pub fn find(&self, instructions: &[String]) -> Option<usize> {
        let read: Vec<Vec<String>> = instructions.iter().map(|text| tokens(text).unwrap_or_default()).collect();
        read.windows(self.0.len()).position(|row| self.0.iter().zip(row).all(|(step, ins)| fits(step, ins)))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<String> = self.0.iter().map(|step| spelled(step)).collect();
        f.write_str(&steps.join(" ; "))
    }
}

/// Words and marks; `None` where a character belongs to neither.
fn tokens(text: &str) -> Option<Vec<String>> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_word = false;
    for c in text.chars() {
        match c {
            ' ' | '\t' | '\r' => in_word = false,
            ',' | '[' | ']' | '{' | '}' | '!' => {
                tokens.push(c.into());
                in_word = false;
            }
            'a'..='z' | '0'..='9' | '.' | '_' | '#' | '-' | '+' => {
                match tokens.last_mut().filter(|_| in_word) {
                    Some(word) => word.push(c),
                    None => tokens.push(c.into()),
                }
                in_word = true;
            }
            _ => return None,
        }
    }
    Some(tokens)
}

fn is_word(token: &str) -> bool {
    !matches!(token, "," | "[" | "]" | "{" | "}" | "!")
}

/// The tokens as a disassembler spaces them.
fn spelled(tokens: &[String]) -> String {
    let mut text = String::new();
    for (i, token) in tokens.iter().enumerate() {
        let opens = is_word(token) || matches!(token.as_str(), "[" | "{");
        let after_opening = i > 0 && matches!(tokens[i - 1].as_str(), "[" | "{");
        if i > 0 && opens && !after_opening {
            text.push(' ');
        }
        text.push_str(token);
    }
    text
}

fn fits(step: &[String], instruction: &[String]) -> bool {
    let same = || step.iter().zip(instruction).all(|(pattern, word)| word_fits(pattern, word));
    match step {
        [mnemonic] => instruction.first().is_some_and(|word| word_fits(mnemonic, word)),
        _ => step.len() == instruction.len() && same(),
    }
}

fn word_fits(pattern: &str, word: &str) -> bool {
    match pattern.split_once('_') {
        Some((before, after)) => {
            let open = word.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            open.is_some_and(|open| !open.is_empty() && !open.contains('#') && is_word(open))
        }
        None => pattern == word || number(pattern).is_some_and(|n| number(word) == Some(n)),
    }
}

/// The number of an immediate.
#[derive(PartialEq)]
enum Number {
    /// Its 64 bits: a mask is the same with and without a sign.
    Whole(u64),
    Float(f64),
}

fn number(word: &str) -> Option<Number> {
    let text = word.strip_prefix('#')?;
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let whole = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    };
    let signed = |n: u64| Number::Whole(if negative { n.wrapping_neg() } else { n });
    whole.map(signed).or_else(|| text.parse().ok().map(Number::Float))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pattern: &str, instructions: &[&str]) -> Option<usize> {
        let texts: Vec<String> = instructions.iter().map(ToString::to_string).collect();
        Pattern::parse(pattern).expect("a pattern").find(&texts)
    }

    fn fits(pattern: &str, instruction: &str) -> bool {
        find(pattern, &[instruction]).is_some()
    }

    #[test]
    fn a_blank_stands_for_a_register_and_keeps_its_class() {
        assert!(fits("ldp w_, w_, [x_, #-8]", "ldp w28, w27, [x21, #-8]"));
        assert!(!fits("ldp w_, w_, [x_, #-8]", "ldp x28, x27, [x21, #-8]"));
        assert!(!fits("ldp w_, w_, [x_, #-8]", "ldp w28, w27, [x21]"));
        assert!(fits("str wzr, [x_]", "str wzr, [x19]") && fits("str w_, [x_]", "str wzr, [x19]"));
        assert!(fits("cmp w_, _", "cmp w1, w2") && !fits("cmp w_, _", "cmp w1, #2"));
        assert!(fits("ld_ x_, [x_]", "ldr x1, [x2]"));
    }

    #[test]
    fn operands_are_all_given_or_all_open() {
        assert!(!fits("add w_, w_, w_", "add w1, w2, w3, lsl #2"));
        assert!(fits("add", "add w1, w2, w3, lsl #2") && fits("add", "add x1, x2, #1"));
        assert!(!fits("add", "adds w1, w2, w3"));
        assert!(!fits("ldr x_, [x_, #8]", "ldr x0, [x1, #8]!") && fits("ldr x_, [x_, #8]!", "ldr x0, [x1, #8]!"));
    }

    #[test]
    fn immediates_are_numbers() {
        assert!(fits("add x_, x_, #-256", "add x1, x2, #-0x100"));
        assert!(fits("mov x_, #0xff00ff00ff00ff00", "mov x1, #-0xff00ff00ff0100"));
        assert!(fits("fmov d_, #0.5", "fmov d0, #0.50000000"));
        assert!(fits("add x_, x_, #_", "add x1, x2, #-0x100") && !fits("add x_, x_, #8", "add x1, x2, #16"));
    }

    #[test]
    fn a_sequence_stands_together_and_in_order() {
        let code = ["mov w1, #1", "movk w1, #2, lsl #16", "add w2, w2, w1"];
        assert_eq!(find("movk ; add", &code), Some(1));
        assert_eq!(find("mov w_, #1 ; movk w_, #2, lsl #16 ; add", &code), Some(0));
        assert_eq!(find("mov ; add", &code), None);
        assert_eq!(find("movk ; mov", &code), None);
        assert_eq!(find("add ; add", &code), None);
    }

    #[test]
    fn patterns_read_back_in_one_spelling() {
        let spelled = |text| Pattern::parse(text).map(|p| p.to_string());
        assert_eq!(spelled(" ldp  w_ ,w_,[ x_,#-8 ]! ").as_deref(), Some("ldp w_, w_, [x_, #-8]!"));
        assert_eq!(spelled("movz x_,#1;movk").as_deref(), Some("movz x_, #1 ; movk"));
        assert_eq!(spelled("movi v_.16b,#0").as_deref(), Some("movi v_.16b, #0"));
        for bad in ["", ";", "mov ;", ", x1", "MOV", "mov __", "mov\0", "[x1]"] {
            assert_eq!(spelled(bad), None, "{bad}");
        }
    }
}
