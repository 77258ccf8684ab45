//! What each class of findings means, for someone who has never seen one: the rules of a SARIF log and the reasons in a report.

/// A class in words.
#[derive(Clone, Copy, Debug)]
pub struct ClassText {
    /// Its name, as in `.trace` files.
    pub name: &'static str,
    /// It in one sentence, without a full stop.
    pub title: &'static str,
    /// Why it is wrong.
    pub why: &'static str,
}

/// All classes, faults first.
#[rustfmt::skip]
pub const CLASSES: &[ClassText] = &[
    ClassText { name: "undefined-encoding", title: "A word of machine code is no A64 instruction",
        why: "The processor raises an Undefined Instruction exception for such a word, and the process dies of SIGILL as soon as it gets there. \
              Code that can be reached may only hold words that the Arm Architecture Reference Manual allocates." },
    ClassText { name: "unpredictable-encoding", title: "An instruction is CONSTRAINED UNPREDICTABLE",
        why: "The Arm Architecture Reference Manual lets a processor trap on such an instruction, ignore it or do one of several things. \
              It may work on one core and fail on the next; an emulator shows only one of the choices." },
    ClassText { name: "memory-fault", title: "The code reads or writes memory that the trace does not touch",
        why: "By the IR, every access of this run lies in memory that is there. An access elsewhere is a crash, or damage that shows later." },
    ClassText { name: "misaligned", title: "An access or the stack pointer is not aligned where it must be",
        why: "The architecture wants the stack pointer at a multiple of 16 when it is used as a base, and some accesses at a multiple of their size. \
              Anything else is an alignment fault." },
    ClassText { name: "bad-branch", title: "The code branches to where no code is",
        why: "A trace may branch within itself, to its exits, to traces that it is linked to and into the VM. Anything else runs whatever is there." },
    ClassText { name: "hang", title: "The code does not end",
        why: "By the IR the run ends after a bounded number of iterations. The compiled code goes on for ever, and the program with it." },
    ClassText { name: "backend-assert", title: "The backend's own assertion fails",
        why: "The backend states what it relies on by its assertions. The IR is legal, so either the code that follows is wrong or the assertion is." },
    ClassText { name: "backend-crash", title: "The backend crashes while it compiles",
        why: "The IR is legal; compiling it must not crash, hang or eat memory, whatever it says." },
    ClassText { name: "abi-clobber", title: "A reserved register or the stack pointer is not as it was",
        why: "The VM keeps its state in registers that no trace may change, and expects the stack pointer where it left it. \
              It goes on with wrong state once the trace ends." },
    ClassText { name: "wrong-exit", title: "The code leaves the trace at the wrong place",
        why: "Guards decide where a trace is left. One that is decided wrongly goes on with assumptions that don't hold, or restores another point \
              of the program." },
    ClassText { name: "wrong-snapshot", title: "A value is wrong when the trace is left",
        why: "An exit puts the values of its snapshot back to the Lua stack, and the interpreter goes on with them: the program computes with a \
              wrong value from there on." },
    ClassText { name: "wrong-memory", title: "Memory holds something else than the trace stores",
        why: "Stores of the trace are visible to the program: it has lost a store, made one that is not in the IR, or stored a wrong value." },
    ClassText { name: "wrong-call", title: "A function is called with the wrong arguments, in the wrong order, or not at all",
        why: "Calls have effects that can't be undone. What is called, with which arguments and in which order is part of what a trace means." },
];

/// The class of a name; none for a name that is none.
pub fn class_text(name: &str) -> Option<&'static ClassText> {
    CLASSES.iter().find(|class| class.name == name)
}

/// A class's name as one word, `UndefinedEncoding`: SARIF wants rule names like this.
pub fn pascal(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    name.split('-').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{FAULT_CLASSES, MISMATCH_CLASSES};

    #[test]
    fn every_class_of_findings_is_explained() {
        let faults = FAULT_CLASSES.iter().map(|(_, name)| *name);
        let all: Vec<&str> = faults.chain(MISMATCH_CLASSES.iter().map(|(_, name)| *name)).collect();
        assert_eq!(CLASSES.iter().map(|c| c.name).collect::<Vec<_>>(), all);
        assert_eq!(pascal("abi-clobber"), "AbiClobber");
    }
}
